{{ config(materialized='table') }}

-- Credit risk of every legal entity as of the day of the run: penalties and bad records weigh by their severity and
-- fade with age; what has been repaired weighs nothing.
with {{ parameters() }},

entity as (
    select uscc, entity_name, district_code
    from {{ ref('base_legal_entity') }}
    where not is_deleted
),

{{ credit_findings() }},

weighed as (
    select *, {{ credit_points(as_of()) }} as points
    from finding
    where {{ counts_on(as_of()) }}
),

summed as (
    select
        uscc,
        {{ credit_counts(as_of()) }}
    from weighed
    group by uscc
),

scored as (
    select
        e.uscc,
        e.entity_name,
        e.district_code,
        cast(coalesce(s.points, 0) as decimal(12, 2)) as score,
        coalesce(s.penalties, 0) as penalties,
        coalesce(s.bad_records, 0) as bad_records,
        coalesce(s.repaired, 0) as repaired,
        coalesce(s.serious, 0) as serious,
        coalesce(s.general, 0) as general,
        coalesce(s.minor, 0) as minor,
        s.last_found_on
    from entity as e
    left join summed as s on e.uscc = s.uscc
)

select
    uscc,
    {{ as_of() }} as as_of,
    entity_name,
    district_code,
    score,
    {{ credit_grade('score', as_of()) }} as grade,
    {{ credit_reasons() }} as reason_codes,
    penalties,
    bad_records,
    repaired,
    serious,
    general,
    minor,
    last_found_on,
    {{ credit_model_version(as_of()) }} as model_version
from scored
