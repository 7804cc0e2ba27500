{{ config(materialized='table') }}

-- Lifeline alarms with what the duty log says became of them.
with newest as (
    {{ newest(ref('stg_sensors__alarm'), ['alarm_id']) }}
),

action as (
    select
        alarm_id,
        min(case when action_code = 'ack' then acted_at end) as acknowledged_at,
        max(case when action_code in ('effective', 'false') then acted_at end) as confirmed_at,
        min(case when action_code = 'incident' then acted_at end) as incident_at,
        max(case when action_code = 'closed' then acted_at end) as closed_at,
        max(case_no) as case_no
    from {{ ref('topic_alarm_action') }}
    where not is_deleted
    group by alarm_id
),

verdict as (
    select a.alarm_id, max(a.action_code) as confirm_code
    from {{ ref('topic_alarm_action') }} as a
    inner join action as l on a.alarm_id = l.alarm_id and a.acted_at = l.confirmed_at
    where not a.is_deleted and a.action_code in ('effective', 'false')
    group by a.alarm_id
)

select
    t.alarm_id,
    t.device_id,
    t.lifeline_code,
    t.raised_at,
    t.severity_code,
    d.division_code,
    d.district_code,
    d.street_code,
    action.acknowledged_at,
    verdict.confirm_code,
    action.confirmed_at,
    action.incident_at,
    action.closed_at,
    action.case_no,
    {{ bookkeeping('t') }}
from newest as t
left join {{ ref('topic_device') }} as d on t.device_id = d.device_id
left join action on t.alarm_id = action.alarm_id
left join verdict on t.alarm_id = verdict.alarm_id
