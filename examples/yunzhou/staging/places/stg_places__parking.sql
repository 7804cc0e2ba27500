-- Car parks: points of the map vendor's reference system to CGCS2000.
with delivered as (
    select * from {{ source('landed', 'parking') }}
),

located as (
    {{ gcj02_to_wgs84('delivered', 'x', 'y', '_lon', '_lat') }}
),

crosswalk as (
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
    cast(t.spaces as integer) as spaces,
    t.charging as charging_spaces,
    t.tariff as tariff_text,
    t.open_hours,
    state.code as state_code,
    t.operator_uscc,
    round(case when lower(t.crs) = 'gcj02' then t._lon else t.x end, 6) as lon,
    round(case when lower(t.crs) = 'gcj02' then t._lat else t.y end, 6) as lat,
    upper(t.crs) as src_crs,
    {{ landed_bookkeeping('t', 'updated_at') }}
from located as t
{{ crosswalk('kind', 'parking_kind', 't.kind', 'crosswalk') }}
{{ crosswalk('state', 'facility_state', 't.state', 'crosswalk') }}
left join places as district
    on t.district = district.district and district.street = '' and district.community = ''
left join places as street
    on t.district = street.district and t.street = street.street and street.community = ''
