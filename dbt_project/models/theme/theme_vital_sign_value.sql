{{ config(materialized='table') }}

-- Vital signs by area on the days they were due, with the level their value reaches and the level they are held at. A
-- sign without news for twice its frequency, of too little coverage or without a value is stale: it has no level, and
-- what it was held at before neither rises nor falls.
with {{ parameters() }},

sign as (
    select * from {{ ref('theme_vital_sign_definition') }}
),

evaluated as (
    select
        sign.sign_code, sign.dim_code, sign.metric_ref, m.area_code, m.area_level, m.district_code, m.street_code, m.day,
        m.value, m.numerator, m.denominator, m.coverage, m.heard_on, sign.unit, sign.owner_org, sign.up_n, sign.down_m,
        sign.valid_from as definition_from,
        case
            when m.heard_on is null then 'no_source'
            when 24 * {{ days_between('m.heard_on', 'm.day') }} > 2 * {{ sign_hours('sign.frequency') }} then 'age'
            when m.coverage is null or m.coverage < sign.min_coverage then 'coverage'
            when m.value is null then 'no_value'
        end as stale_reason_code,
        {{ sign_rank('m.value', 'sign') }} as rank
    from sign
    inner join {{ ref('theme_metric') }} as m
        on
            sign.metric_ref = m.metric_ref
            and sign.area_level >= m.area_level
            and m.day >= sign.valid_from
            and m.day <= sign.valid_to
            and {{ sign_is_due('sign.frequency', 'm.day') }}
),

told as (
    select sign_code, area_code, day, up_n, down_m, rank from evaluated
    where stale_reason_code is null
),

held as (
    select sign_code, area_code, day, held_rank from ({{ held_ranks('told') }}) as ranked
)

select
    e.sign_code,
    e.area_code,
    e.day,
    e.dim_code,
    e.metric_ref,
    e.area_level,
    e.district_code,
    e.street_code,
    e.value,
    e.unit,
    e.numerator,
    e.denominator,
    e.coverage,
    e.heard_on,
    case when e.stale_reason_code is null then {{ sign_level('e.rank') }} end as reached_level_code,
    case when e.stale_reason_code is null then {{ sign_level('h.held_rank') }} else 'stale' end as level_code,
    e.stale_reason_code is not null as is_stale,
    e.stale_reason_code,
    cast(h.held_rank as integer) as held_rank,
    e.owner_org,
    e.definition_from,
    {{ as_of() }} as _as_of
from evaluated as e
left join held as h on e.sign_code = h.sign_code and e.area_code = h.area_code and e.day = h.day
where e.day >= {{ sign_days_since() }}
order by e.sign_code, e.area_code, e.day
