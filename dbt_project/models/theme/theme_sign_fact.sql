{{ config(materialized='table') }}

-- What vital signs are counted from: facts of every source by kind, class, street and day, of the days that signs are
-- kept for and those their windows reach back to.
with {{ parameters() }},

reach as (
    select {{ sign_days_since(lead=true) }} as since, {{ date_plus('day', 1, as_of()) }} as until
),

grid_case as (
    select
        *,
        lag(report_at) over (partition by class_code, grid_code order by report_at, case_no) as reported_before
    from {{ ref('topic_grid_case') }}
    where not is_deleted and not is_void and report_at >= (select cast(since as timestamp) from reach)
),

ticket as (
    select
        ticket_no, sub_no, class_l3_code as class_code, district_code, street_code, accept_time, first_contact_time,
        contact_due_at, limit_at, finish_time, reopen_count, is_deleted, ticket_type_code, excluded_reason_code,
        undertake_org_code
    from {{ ref('topic_hotline_ticket') }}
    where not is_deleted and excluded_reason_code is null
),

visit as (
    select t.class_code, t.district_code, t.street_code, v.visit_time, v.resolved_code, v.satisfied_code
    from {{ ref('topic_hotline_visit') }} as v
    inner join ticket as t on v.ticket_no = t.ticket_no and v.sub_no = t.sub_no
    where not v.is_deleted and v.is_reached
),

reading as (
    select r.metric_code as class_code, d.district_code, d.street_code, r.read_at, r.value, r.is_abnormal
    from {{ ref('topic_reading') }} as r
    inner join {{ ref('topic_device') }} as d on r.device_id = d.device_id
    where not r.is_deleted and not r.is_late and r.read_at >= (select cast(since as timestamp) from reach)
),

-- Each day a device in service owes as many readings as its interval allows.
owed as (
    select d.metric_code as class_code, d.district_code, d.street_code, c.day, 1440.0 / d.interval_minutes as readings
    from {{ ref('topic_device') }} as d
    cross join reach
    inner join {{ ref('base_calendar') }} as c
        on
            c.day >= greatest(reach.since, coalesce(d.installed_on, reach.since))
            and c.day <= coalesce(d.retired_on, {{ as_of() }})
            and c.day < reach.until
    where not d.is_deleted and d.interval_minutes > 0
),

alarm as (
    select * from {{ ref('topic_lifeline_alarm') }}
    where not is_deleted
),

-- One row per fact: what is counted, and out of what.
fact as (
    select
        'grid_reported' as fact_code, class_code, district_code, street_code, report_at as happened_at, 1 as numerator,
        1 as denominator
    from grid_case
    union all
    select
        'grid_timely', class_code, district_code, street_code, due_at,
        case when handle_at <= due_at then 1 else 0 end, 1
    from grid_case
    union all
    select
        'grid_found', class_code, district_code, street_code, file_at,
        case when source_channel_code in ('inspector', 'ai', 'patrol') then 1 else 0 end, 1
    from grid_case
    union all
    select
        'grid_repeated', class_code, district_code, street_code, report_at,
        case when {{ date_plus('day', 30, 'reported_before') }} >= cast(report_at as date) then 1 else 0 end, 1
    from grid_case
    union all
    select
        'grid_reworked', class_code, district_code, street_code, handle_at, case when rework_count > 0 then 1 else 0 end, 1
    from grid_case
    union all
    select 'hotline_accepted', class_code, district_code, street_code, accept_time, 1, 1
    from ticket
    union all
    select
        'hotline_response', class_code, district_code, street_code, contact_due_at,
        case when first_contact_time <= contact_due_at then 1 else 0 end, 1
    from ticket
    where {{ is_scored() }}
    union all
    select
        'hotline_timely', class_code, district_code, street_code, limit_at,
        case when finish_time <= limit_at then 1 else 0 end, 1
    from ticket
    union all
    select
        'hotline_reopened', class_code, district_code, street_code, finish_time,
        case when reopen_count > 0 then 1 else 0 end, 1
    from ticket
    union all
    select
        'visit_resolved', class_code, district_code, street_code, visit_time,
        case when resolved_code = 'resolved' then 1 else 0 end, 1
    from visit
    where resolved_code is not null
    union all
    select
        'visit_satisfied', class_code, district_code, street_code, visit_time,
        case when satisfied_code in ('satisfied', 'basically') then 1 else 0 end, 1
    from visit
    where satisfied_code is not null
    union all
    select 'reading_mean', class_code, district_code, street_code, read_at, value, 1
    from reading
    union all
    select
        'reading_abnormal', class_code, district_code, street_code, read_at, case when is_abnormal then 1 else 0 end, 1
    from reading
    union all
    select
        'reading_normal', class_code, district_code, street_code, read_at, case when is_abnormal then 0 else 1 end, 1
    from reading
    union all
    select 'device_heard', class_code, district_code, street_code, read_at, 1, 0
    from reading
    union all
    select 'device_heard', class_code, district_code, street_code, cast(day as timestamp), 0, readings
    from owed
    union all
    select 'alarm_raised', lifeline_code, district_code, street_code, raised_at, 1, 1
    from alarm
    union all
    select
        'alarm_effective', lifeline_code, district_code, street_code, confirmed_at,
        case when confirm_code = 'effective' then 1 else 0 end, 1
    from alarm
    where confirm_code is not null
    union all
    select 'patrol_covered', '', district_code, street_code, starts_at, seen_cells, planned_cells
    from {{ ref('topic_patrol_coverage') }}
    where not is_deleted
    union all
    select
        'patrol_recognised', class_code, district_code, street_code, found_at,
        case when channel_code = 'machine' then 1 else 0 end, 1
    from {{ ref('topic_patrol_event') }}
    where not is_burst and duplicate_of is null
    union all
    select 'penalty_decided', item_code, null, null, cast(decided_on as timestamp), 1, 1
    from {{ ref('topic_penalty') }}
    where not is_deleted
    union all
    select 'permit_decided', permit_type_code, null, null, cast(decided_on as timestamp), 1, 1
    from {{ ref('topic_permit') }}
    where not is_deleted
    union all
    select
        'penalty_published', item_code, null, null, cast(decided_on as timestamp),
        case when publish_delay_days <= {{ parameter('publicity.work_days', 7, 'decided_on') }} then 1 else 0 end, 1
    from {{ ref('topic_penalty') }}
    where not is_deleted and publish_delay_days is not null
    union all
    select
        'penalty_serious', item_code, null, null, cast(decided_on as timestamp), 1, 1
    from {{ ref('topic_penalty') }}
    where not is_deleted and severity_code = 'serious'
    union all
    select
        'permit_published', permit_type_code, null, null, cast(decided_on as timestamp),
        case when publish_delay_days <= {{ parameter('publicity.work_days', 7, 'decided_on') }} then 1 else 0 end, 1
    from {{ ref('topic_permit') }}
    where not is_deleted and publish_delay_days is not null
)

select
    fact_code,
    coalesce(class_code, '') as class_code,
    district_code,
    street_code,
    cast(happened_at as date) as day,
    cast(sum(numerator) as decimal(18, 4)) as numerator,
    cast(sum(denominator) as decimal(18, 4)) as denominator
from fact
cross join reach
where happened_at >= cast(reach.since as timestamp) and happened_at < cast(reach.until as timestamp)
group by fact_code, coalesce(class_code, ''), district_code, street_code, cast(happened_at as date)
order by fact_code, day
