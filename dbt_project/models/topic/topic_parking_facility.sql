{{ config(unique_key='facility_no') }}

-- Car parks as they now stand, with what their tariff says in numbers. Closed ones stay.
with arrivals as (
    {{ versions_since(ref('stg_places__parking'), watermark()) }}
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
    t.spaces,
    t.charging_spaces,
    t.tariff_text,
    {{ tariff_amount('t.tariff_text', 'free_minutes') }} as free_minutes,
    {{ tariff_amount('t.tariff_text', 'first_hour_yuan') }} as first_hour_yuan,
    {{ tariff_amount('t.tariff_text', 'hourly_yuan') }} as hourly_yuan,
    {{ tariff_amount('t.tariff_text', 'daily_cap_yuan') }} as daily_cap_yuan,
    {{ is_tariff_read('t.tariff_text') }} as is_tariff_read,
    t.open_hours,
    t.state_code,
    t.operator_uscc,
    t.lon,
    t.lat,
    t.src_crs,
    {{ bookkeeping('t') }}
from winning as t
{{ division_on('division', 't.division_code', 't._business_date') }}
