{{ config(materialized='table') }}

-- Alarms: spans in which a sign is held at blue or worse. One opens when the sign leaves green and closes when it is
-- held at green again; while the sign is stale the alarm stays as it is. The latest entries of the duty log, and of what
-- stewards did, say whether somebody has seen it and whether it was right.
with told as (
    select
        *,
        coalesce(lag(held_rank) over (partition by sign_code, area_code order by day), 0) as rank_before
    from {{ ref('theme_vital_sign_value') }}
    where not is_stale
),

numbered as (
    select
        *,
        sum(case when held_rank > 0 and rank_before = 0 then 1 else 0 end)
            over (partition by sign_code, area_code order by day rows between unbounded preceding and current row)
            as span_no
    from told
),

span as (
    select
        sign_code,
        area_code,
        max(dim_code) as dim_code,
        max(area_level) as area_level,
        max(district_code) as district_code,
        max(street_code) as street_code,
        max(owner_org) as owner_org,
        min(case when held_rank > 0 then day end) as opened_on,
        min(case when held_rank = 0 then day end) as closed_on,
        max(case when held_rank > 0 then day end) as last_held_on,
        max(held_rank) as worst_rank,
        cast(count(case when held_rank > 0 then 1 end) as integer) as evaluations
    from numbered
    where span_no > 0
    group by sign_code, area_code, span_no
),

alarm as (
    select concat(sign_code, ':', area_code, ':', cast(opened_on as string)) as alarm_id, span.*
    from span
),

{{ alarm_handling(ref('base_alarm_action')) }}

select
    alarm.alarm_id,
    alarm.sign_code,
    alarm.area_code,
    alarm.dim_code,
    alarm.area_level,
    alarm.district_code,
    alarm.street_code,
    alarm.owner_org,
    alarm.opened_on,
    alarm.closed_on,
    cast({{ days_between('alarm.opened_on', 'coalesce(alarm.closed_on, ' ~ as_of() ~ ')') }} as integer) as days_open,
    {{ sign_level('alarm.worst_rank') }} as worst_level_code,
    alarm.evaluations,
    case
        when alarm.closed_on is not null then 'closed'
        when handled.confirm_code is not null then 'confirmed'
        when handled.acknowledged_at is not null then 'acknowledged'
        else 'open'
    end as status_code,
    handled.acknowledged_at,
    handled.confirm_code,
    handled.confirmed_at,
    handled.case_no
from alarm
left join handled on alarm.alarm_id = handled.alarm_id
