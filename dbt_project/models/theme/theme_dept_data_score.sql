{{ config(materialized='table') }}

{%- set rates = ['quality', 'timeliness', 'publicity'] %}

-- How departments do with their data, by organisation and month: rows delivered sound, deliveries in time and whole,
-- decisions published in time. The score weighs the rates that have a denominator.
with {{ parameters() }},

delivered as (
    select
        org_code,
        {{ month_of('business_date') }} as month,
        sum(case when status = 'loaded' then rows_in else 0 end) as rows_in,
        sum(case when status = 'loaded' then rows_in - rows_quarantined else 0 end) as rows_sound,
        count(*) as deliveries,
        count(case when status = 'loaded' and late_days = 0 then 1 end) as deliveries_in_time
    from {{ ref('base_delivery') }}
    where rows_in > 0 or status <> 'loaded'
    group by org_code, {{ month_of('business_date') }}
),

decided as (
    select authority_code as org_code, decided_on, publish_delay_days
    from {{ ref('topic_permit') }}
    where not is_deleted and published_at is not null
    union all
    select authority_code as org_code, decided_on, publish_delay_days
    from {{ ref('topic_penalty') }}
    where not is_deleted and published_at is not null
),

published as (
    select
        org_code,
        {{ month_of('decided_on') }} as month,
        count(*) as decisions,
        count(
            case when publish_delay_days <= {{ parameter('data_score.publicity_days', 7, 'decided_on') }} then 1 end
        ) as decisions_in_time
    from decided
    where decided_on is not null and decided_on <= {{ as_of() }}
    group by org_code, {{ month_of('decided_on') }}
),

cell as (
    select org_code, month from delivered where org_code is not null
    union
    select org_code, month from published where org_code is not null
),

counted as (
    select
        c.org_code,
        c.month,
        cast(coalesce(d.rows_in, 0) as bigint) as rows_in,
        cast(coalesce(d.rows_sound, 0) as bigint) as rows_sound,
        coalesce(d.deliveries, 0) as deliveries,
        coalesce(d.deliveries_in_time, 0) as deliveries_in_time,
        coalesce(p.decisions, 0) as decisions,
        coalesce(p.decisions_in_time, 0) as decisions_in_time
    from cell as c
    left join delivered as d on c.org_code = d.org_code and c.month = d.month
    left join published as p on c.org_code = p.org_code and c.month = p.month
),

rated as (
    select
        *,
        {{ ratio('rows_sound', 'rows_in') }} as quality_rate,
        {{ ratio('deliveries_in_time', 'deliveries') }} as timeliness_rate,
        {{ ratio('decisions_in_time', 'decisions') }} as publicity_rate,
        {{ parameter('data_score.weight.quality', 0.4, 'month') }} as weight_quality,
        {{ parameter('data_score.weight.timeliness', 0.3, 'month') }} as weight_timeliness,
        {{ parameter('data_score.weight.publicity', 0.3, 'month') }} as weight_publicity
    from counted
)

select
    org_code,
    month,
    rows_in,
    rows_sound,
    quality_rate,
    deliveries,
    deliveries_in_time,
    timeliness_rate,
    decisions,
    decisions_in_time,
    publicity_rate,
    cast(
        100 * (
            {%- for rate in rates %}
            coalesce(weight_{{ rate }} * {{ rate }}_rate, 0){{ ' +' if not loop.last }}
            {%- endfor %}
        ) / nullif(
            {%- for rate in rates %}
            case when {{ rate }}_rate is not null then weight_{{ rate }} else 0 end{{ ' +' if not loop.last }}
            {%- endfor %},
            0
        ) as decimal(7, 3)
    ) as score
from rated
