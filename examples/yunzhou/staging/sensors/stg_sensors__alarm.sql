-- Alarms of the lifelines.
select
    t.alarm_id,
    t.device_id,
    lifeline.code as lifeline_code,
    t.raised_at,
    t.severity as severity_code,
    {{ landed_bookkeeping('t') }}
from {{ source('landed', 'iot_alarm') }} as t
{{ crosswalk('lifeline', 'lifeline', 't.lifeline') }}
