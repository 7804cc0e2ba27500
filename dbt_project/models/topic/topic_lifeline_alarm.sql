{{ config(materialized='table') }}

-- Lifeline alarms with what the duty log says became of them.
with newest as (
    {{ newest(ref('stg_sensors__alarm'), ['alarm_id']) }}
),

{{ alarm_handling() }}

select
    t.alarm_id,
    t.device_id,
    t.lifeline_code,
    t.raised_at,
    t.severity_code,
    d.division_code,
    d.district_code,
    d.street_code,
    handled.acknowledged_at,
    handled.confirm_code,
    handled.confirmed_at,
    handled.incident_at,
    handled.closed_at,
    handled.case_no,
    {{ bookkeeping('t') }}
from newest as t
left join {{ ref('topic_device') }} as d on t.device_id = d.device_id
left join handled on t.alarm_id = handled.alarm_id
