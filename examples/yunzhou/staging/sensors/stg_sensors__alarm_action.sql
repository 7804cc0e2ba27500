-- The duty log without the names of the operators.
select
    t.alarm_id,
    action.code as action_code,
    t.acted_at,
    t.case_no,
    {{ landed_bookkeeping('t') }}
from {{ source('landed', 'iot_alarm_action') }} as t
{{ crosswalk('action', 'alarm_action', 't.action') }}
