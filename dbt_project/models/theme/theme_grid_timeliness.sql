{{ config(unique_key='month', incremental_strategy='restate', restates='grid_timeliness_months') }}

-- depends_on: {{ ref('base_calendar') }}
{%- set months = restated_months() %}

-- Grid cases by handling organisation and month, as they stood at the end of the month. Each count has the cases of
-- its own date: reported, filed, due for handling (with approved extensions), closed. Void cases count nowhere.
with grid_case as (
    select *
    from {{ ref('topic_grid_case') }}
    where not is_deleted and not is_void and handle_org_code is not null
),

reported as (
    select
        handle_org_code as org_code,
        {{ month_of('report_at') }} as month,
        count(*) as reported,
        count(case when file_at < {{ reckoned_until(month_of('report_at')) }} then 1 end) as reported_and_filed
    from grid_case
    where {{ in_months('report_at', months) }}
    group by handle_org_code, {{ month_of('report_at') }}
),

filed as (
    select handle_org_code as org_code, {{ month_of('file_at') }} as month, count(*) as filed
    from grid_case
    where {{ in_months('file_at', months) }}
    group by handle_org_code, {{ month_of('file_at') }}
),

due_case as (
    select
        handle_org_code as org_code,
        {{ month_of('due_at') }} as month,
        handle_at < {{ reckoned_until(month_of('due_at')) }} as is_handled,
        handle_at <= due_at as is_handled_in_time,
        rework_count > 0 as is_reworked,
        handle_work_minutes
    from grid_case
    where {{ in_months('due_at', months) }}
        and due_at < {{ reckoned_until(month_of('due_at')) }}
),

due as (
    select
        org_code,
        month,
        count(*) as due,
        count(case when is_handled then 1 end) as handled,
        count(case when is_handled and is_handled_in_time then 1 end) as handled_in_time,
        count(case when is_handled and is_reworked then 1 end) as reworked,
        {{ percentile('case when is_handled then handle_work_minutes end', 0.5) }} as median_minutes,
        {{ percentile('case when is_handled then handle_work_minutes end', 0.9) }} as p90_minutes
    from due_case
    group by org_code, month
),

closed as (
    select handle_org_code as org_code, {{ month_of('close_at') }} as month, count(*) as closed
    from grid_case
    where {{ in_months('close_at', months) }}
    group by handle_org_code, {{ month_of('close_at') }}
),

cell as (
    select org_code, month from reported
    union
    select org_code, month from filed
    union
    select org_code, month from due
    union
    select org_code, month from closed
),

counted as (
    select
        cell.org_code,
        cell.month,
        coalesce(r.reported, 0) as reported,
        coalesce(r.reported_and_filed, 0) as reported_and_filed,
        coalesce(f.filed, 0) as filed,
        coalesce(d.due, 0) as due,
        coalesce(d.handled, 0) as handled,
        coalesce(d.handled_in_time, 0) as handled_in_time,
        coalesce(d.reworked, 0) as reworked,
        coalesce(c.closed, 0) as closed,
        d.median_minutes,
        d.p90_minutes
    from cell
    left join reported as r on cell.org_code = r.org_code and cell.month = r.month
    left join filed as f on cell.org_code = f.org_code and cell.month = f.month
    left join due as d on cell.org_code = d.org_code and cell.month = d.month
    left join closed as c on cell.org_code = c.org_code and cell.month = c.month
)

select
    org_code,
    month,
    reported,
    reported_and_filed,
    {{ ratio('reported_and_filed', 'reported') }} as filing_rate,
    filed,
    due,
    handled,
    {{ ratio('handled', 'due') }} as handling_rate,
    handled_in_time,
    {{ ratio('handled_in_time', 'due') }} as timely_rate,
    handled - handled_in_time as overtime,
    due - handled as unhandled,
    reworked,
    {{ ratio('reworked', 'handled') }} as rework_rate,
    closed,
    cast(median_minutes as decimal(18, 1)) as median_work_minutes,
    cast(p90_minutes as decimal(18, 1)) as p90_work_minutes,
    {{ settles_on('grid', 'month') }} as settles_on,
    {{ as_of() }} as _as_of,
    cast(coalesce((select max(_load_id) from {{ ref('topic_grid_case') }}), -1) as bigint) as _load_id
from counted
