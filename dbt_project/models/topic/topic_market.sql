{{ config(unique_key='facility_no') }}

-- Neighbourhood markets as they now stand. Closed ones stay.
with arrivals as (
    {{ versions_since(ref('stg_places__market'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['facility_no']) }}
),

winning as (
    {{ winners('newest', ['facility_no']) }}
)

select
    t.facility_no,
    t.facility_name,
    t.kind_code,
    t.division_code,
    division.district_code,
    division.street_code,
    t.address,
    t.stalls,
    t.open_hours,
    t.state_code,
    t.operator_uscc,
    t.lon,
    t.lat,
    t.src_crs,
    {{ bookkeeping('t') }}
from winning as t
{{ division_on('division', 't.division_code', 't._business_date') }}
