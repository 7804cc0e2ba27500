{{ config(incremental_strategy='rewrite', unique_key='subject_key', rewrites='graded_subjects') }}

-- Grades of legal entities at the end of every month that is over, from the first finding on. One without findings has no
-- row: its grade is A. What arrives late changes every month since it was found.
with {{ parameters() }},

{{ credit_findings('{} in (' ~ graded_subjects() ~ ')' if is_incremental() else 'true') }},

month_end as (
    select {{ month_of('day') }} as month, max(day) as day
    from {{ ref('base_calendar') }}
    where day < {{ month_of(date_plus('day', 1, as_of())) }} and day >= (select {{ month_of('min(found_on)') }} from finding)
    group by {{ month_of('day') }}
),

weighed as (
    select
        f.*,
        m.month,
        m.day,
        {{ credit_points('m.day') }} as points
    from finding as f
    inner join month_end as m on {{ counts_on('m.day') }}
),

summed as (
    select
        uscc,
        month,
        day,
        {{ credit_counts('day') }}
    from weighed
    group by uscc, month, day
),

scored as (
    select *, cast(points as decimal(12, 2)) as score from summed
),

taken_in as (
    select greatest(
        coalesce((select max(_load_id) from {{ ref('topic_penalty') }}), -1),
        coalesce((select max(_load_id) from {{ ref('topic_credit_record') }}), -1)
    ) as load_id
)

select
    e.uscc as subject_key,
    'risk' as system_code,
    s.month,
    s.score,
    {{ credit_grade('s.score', 's.day') }} as grade,
    {{ credit_reasons() }} as reason_codes,
    s.penalties,
    s.bad_records,
    s.repaired,
    s.serious,
    s.general,
    s.minor,
    {{ credit_model_version('s.day') }} as model_version,
    {{ as_of() }} as _as_of,
    cast(taken_in.load_id as bigint) as _load_id
from {{ ref('base_legal_entity') }} as e
inner join scored as s on e.uscc = s.uscc
cross join taken_in
