-- Car parks, closed ones too.
with {{ codes_now() }}

select
    f.facility_no,
    f.facility_name,
    f.kind_code,
    kind.name as kind_name,
    f.division_code,
    f.district_code,
    f.street_code,
    f.address,
    f.spaces,
    f.charging_spaces,
    f.tariff_text,
    f.free_minutes,
    f.first_hour_yuan,
    f.hourly_yuan,
    f.daily_cap_yuan,
    f.is_tariff_read,
    f.open_hours,
    f.state_code,
    state.name as state_name,
    f.operator_uscc,
    f.lon,
    f.lat,
    f.src_crs
from {{ ref('topic_parking_facility') }} as f
{{ code_name('kind', 'parking_kind', 'f.kind_code') }}
{{ code_name('state', 'facility_state', 'f.state_code') }}
where not f.is_deleted
