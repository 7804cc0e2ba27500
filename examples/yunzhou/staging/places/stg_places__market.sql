-- Neighbourhood markets; their points are CGCS2000 already.
with crosswalk as (
    select * from {{ source('vocab', 'code_crosswalk') }}
),

places as (
    {{ division_paths() }}
)

select
    t.facility_no,
    t.name as facility_name,
    kind.code as kind_code,
    coalesce(street.code, district.code) as division_code,
    t.address,
    cast(t.stalls as integer) as stalls,
    t.open_hours,
    state.code as state_code,
    t.operator_uscc,
    t.x as lon,
    t.y as lat,
    upper(t.crs) as src_crs,
    {{ landed_bookkeeping('t', 'updated_at') }}
from {{ source('landed', 'market') }} as t
{{ crosswalk('kind', 'market_kind', 't.kind', 'crosswalk') }}
{{ crosswalk('state', 'facility_state', 't.state', 'crosswalk') }}
left join places as district
    on t.district = district.district and district.street = '' and district.community = ''
left join places as street
    on t.district = street.district and t.street = street.street and street.community = ''
