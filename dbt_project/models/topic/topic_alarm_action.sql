{{ config(unique_key=['alarm_id', 'action_code', 'acted_at']) }}

-- The duty log: what was done about alarms, of lifelines and of vital signs.
with arrivals as (
    {{ versions_since(ref('stg_sensors__alarm_action'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['alarm_id', 'action_code', 'acted_at']) }}
),

winning as (
    {{ winners('newest', ['alarm_id', 'action_code', 'acted_at']) }}
)

select
    alarm_id,
    action_code,
    acted_at,
    case_no,
    {{ bookkeeping() }}
from winning
