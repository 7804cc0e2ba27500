{{ config(materialized='table') }}

-- Alarms of the city's lifelines by month of raising: how many were right of those judged, how soon somebody looked,
-- and how long before the incident they warned.
with alarm as (
    select
        lifeline_code,
        {{ month_of('raised_at') }} as month,
        confirm_code,
        closed_at,
        incident_at,
        {{ seconds_between('raised_at', 'acknowledged_at') }} / 60 as ack_minutes,
        case
            when confirm_code = 'effective' and incident_at >= raised_at
                then {{ seconds_between('raised_at', 'incident_at') }} / 60
        end as lead_minutes
    from {{ ref('topic_lifeline_alarm') }}
    where not is_deleted and raised_at < {{ hours_after('cast(' ~ as_of() ~ ' as timestamp)', 24) }}
),

counted as (
    select
        lifeline_code,
        month,
        count(*) as raised,
        count(confirm_code) as judged,
        count(case when confirm_code = 'effective' then 1 end) as effective,
        count(case when confirm_code = 'false' then 1 end) as false_alarms,
        count(closed_at) as closed,
        count(lead_minutes) as warned_incidents,
        {{ percentile('lead_minutes', 0.5) }} as median_lead_minutes,
        {{ percentile('ack_minutes', 0.5) }} as median_ack_minutes
    from alarm
    group by lifeline_code, month
)

select
    lifeline_code,
    month,
    raised,
    judged,
    effective,
    false_alarms,
    {{ ratio('effective', 'judged') }} as effective_rate,
    closed,
    warned_incidents,
    cast(median_lead_minutes as decimal(18, 1)) as median_lead_minutes,
    cast(median_ack_minutes as decimal(18, 1)) as median_ack_minutes,
    {{ as_of() }} as _as_of
from counted
