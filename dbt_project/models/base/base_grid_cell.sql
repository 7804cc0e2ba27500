-- Grid cells with the divisions they lie in.
select
    cell.grid_code,
    cell.community_code,
    division.street_code,
    division.district_code,
    cell.duty_org_code,
    cell.area_m2,
    cell.lon,
    cell.lat,
    cell.radius_m,
    coalesce(cell.valid_from, cast('1900-01-01' as date)) as valid_from,
    coalesce(cell.valid_to, cast('9999-12-31' as date)) as valid_to
from {{ source('vocab', 'grid_cell') }} as cell
{{ division_on('division', 'cell.community_code', "coalesce(cell.valid_from, cast('1900-01-01' as date))") }}
