{{ config(materialized='view') }}

-- What stewards did about alarms of vital signs, by the platform's own command.
select
    alarm_id,
    action_code,
    acted_at,
    case_no
from {{ source('ops', 'alarm_action') }}
