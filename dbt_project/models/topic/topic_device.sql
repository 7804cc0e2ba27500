{{ config(unique_key='device_id') }}

-- Devices as they now stand.
with arrivals as (
    {{ versions_since(ref('stg_sensors__device'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['device_id']) }}
),

winning as (
    {{ winners('newest', ['device_id']) }}
)

select
    t.device_id,
    t.class_code,
    t.metric_code,
    t.pole_id,
    t.serial_no,
    t.interval_minutes,
    t.org_code,
    t.division_code,
    division.district_code,
    division.street_code,
    t.grid_code,
    t.lon,
    t.lat,
    t.installed_on,
    t.retired_on,
    {{ bookkeeping('t') }}
from winning as t
{{ division_on('division', 't.division_code', 'coalesce(t.installed_on, cast(t.version_at as date))') }}
