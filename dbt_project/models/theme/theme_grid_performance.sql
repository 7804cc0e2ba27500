{{ config(unique_key='month', incremental_strategy='restate', restates='grid_months') }}

-- depends_on: {{ ref('base_calendar') }}
{%- set months = restated_months() %}
{%- set measures = ['filing', 'proactive', 'dispatch', 'handling', 'timely', 'rework', 'closing', 'timely_closing'] %}

-- Grid cases by unit and month, as they stood when the past part of the month was over. Each rate has the cases of its
-- own date: reported, filed, dispatched, due for handling, due for closing.
with counts as (
    {{ grid_counts(months) }}
),

unit as (
    {{ grid_units('counts', ['measure', 'month', 'is_counted', 'work_minutes']) }}
),

counted as (
    select
        dimension,
        unit_code,
        month,
        {%- for measure in measures %}
        count(case when measure = '{{ measure }}' then 1 end) as {{ measure }}_of,
        count(case when measure = '{{ measure }}' and is_counted then 1 end) as {{ measure }}_n,
        {%- endfor %}
        {{ percentile('case when is_counted then work_minutes end', 0.5) }} as median_minutes,
        {{ percentile('case when is_counted then work_minutes end', 0.9) }} as p90_minutes
    from unit
    group by dimension, unit_code, month
)

select
    dimension,
    unit_code,
    month,
    case when dimension = 'organisation' then unit_code end as org_code,
    case when dimension = 'district' then unit_code end as district_code,
    case when dimension = 'street' then unit_code end as street_code,
    case when dimension = 'class' then unit_code end as class_code,
    filing_of as reported,
    filing_n as reported_and_filed,
    {{ ratio('filing_n', 'filing_of') }} as filing_rate,
    proactive_of as filed,
    proactive_n as found_by_the_city,
    {{ ratio('proactive_n', 'proactive_of') }} as proactive_rate,
    dispatch_of as dispatched,
    dispatch_n as dispatched_right,
    {{ ratio('dispatch_n', 'dispatch_of') }} as dispatch_accuracy,
    handling_of as due,
    handling_n as handled,
    {{ ratio('handling_n', 'handling_of') }} as handling_rate,
    timely_n as handled_in_time,
    {{ ratio('timely_n', 'timely_of') }} as timely_rate,
    handling_n - timely_n as overtime,
    handling_of - handling_n as unhandled,
    rework_n as reworked,
    {{ ratio('rework_n', 'rework_of') }} as rework_rate,
    closing_of as closing_due,
    closing_n as closed,
    {{ ratio('closing_n', 'closing_of') }} as closing_rate,
    timely_closing_n as closed_in_time,
    {{ ratio('timely_closing_n', 'timely_closing_of') }} as timely_closing_rate,
    cast(median_minutes as decimal(18, 1)) as median_work_minutes,
    cast(p90_minutes as decimal(18, 1)) as p90_work_minutes,
    {{ settles_on('grid', 'month') }} as settles_on,
    {{ as_of() }} as _as_of,
    cast(coalesce((select max(_load_id) from {{ ref('topic_grid_case') }}), -1) as bigint) as _load_id
from counted
