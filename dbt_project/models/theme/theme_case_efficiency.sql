{{ config(unique_key='month', incremental_strategy='restate', restates='repeat_months') }}

{%- set months = restated_months() %}

-- How well matters are dealt with, by source, district, class and month of the report, as they now stand: how quickly
-- they are sent on and ended, how many have ended, how many came again.
with matter as (
    select
        'grid' as source,
        {{ month_of('report_at') }} as month,
        district_code,
        class_code,
        case_no as reported_no,
        '00' as sub_no,
        {{ seconds_between('report_at', 'dispatch_at') }} / 60 as dispatch_minutes,
        {{ seconds_between('dispatch_at', 'close_at') }} / 3600 as end_hours,
        close_at is not null as is_ended
    from {{ ref('topic_grid_case') }}
    where not is_deleted and not is_void and {{ in_months('report_at', months) }}
    union all
    select
        'hotline' as source,
        {{ month_of('accept_time') }} as month,
        district_code,
        class_l3_code as class_code,
        ticket_no as reported_no,
        sub_no,
        {{ seconds_between('accept_time', 'dispatch_time') }} / 60 as dispatch_minutes,
        {{ seconds_between('coalesce(dispatch_time, accept_time)', 'finish_time') }} / 3600 as end_hours,
        finish_time is not null as is_ended
    from {{ ref('topic_hotline_ticket') }}
    where {{ is_evaluated() }} and {{ in_months('accept_time', months) }}
),

again as (
    select source, reported_no, sub_no, is_false_closure
    from {{ ref('theme_repeat_case') }}
    where {{ in_months('month', months) }}
),

counted as (
    select
        m.source,
        m.month,
        coalesce(m.district_code, 'unknown') as district_code,
        coalesce(m.class_code, 'unknown') as class_code,
        count(*) as reported,
        count(case when m.is_ended then 1 end) as ended,
        count(a.source) as repeated,
        count(case when a.is_false_closure then 1 end) as false_closures,
        {{ percentile('m.dispatch_minutes', 0.5) }} as median_dispatch,
        {{ percentile('m.end_hours', 0.5) }} as median_end,
        {{ percentile('m.end_hours', 0.9) }} as p90_end
    from matter as m
    left join again as a on m.source = a.source and m.reported_no = a.reported_no and m.sub_no = a.sub_no
    group by m.source, m.month, coalesce(m.district_code, 'unknown'), coalesce(m.class_code, 'unknown')
),

{{ loads_taken_in() }}

select
    c.source,
    c.month,
    c.district_code,
    c.class_code,
    c.reported,
    c.ended,
    {{ ratio('c.ended', 'c.reported') }} as end_rate,
    c.repeated,
    {{ ratio('c.repeated', 'c.reported') }} as repeat_rate,
    c.false_closures,
    cast(c.median_dispatch as decimal(18, 1)) as median_dispatch_minutes,
    cast(c.median_end as decimal(18, 2)) as median_end_hours,
    cast(c.p90_end as decimal(18, 2)) as p90_end_hours,
    t.case_load as _case_load_id,
    t.ticket_load as _ticket_load_id,
    greatest(t.case_load, t.ticket_load) as _load_id
from counted as c
cross join taken_in as t
