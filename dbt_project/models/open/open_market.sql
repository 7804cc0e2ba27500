-- Markets, closed ones too.
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
    f.stalls,
    f.open_hours,
    f.state_code,
    state.name as state_name,
    f.operator_uscc,
    f.lon,
    f.lat,
    f.src_crs
from {{ ref('topic_market') }} as f
{{ code_name('kind', 'market_kind', 'f.kind_code') }}
{{ code_name('state', 'facility_state', 'f.state_code') }}
where not f.is_deleted
