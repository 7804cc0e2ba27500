{{ config(unique_key='plan_no') }}

-- Inspection plans as they now stand.
with arrivals as (
    {{ versions_since(ref('stg_enforcement__plan'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['plan_no']) }}
),

winning as (
    {{ winners('newest', ['plan_no']) }}
)

select
    t.plan_no,
    t.title,
    t.kind_code,
    t.aspect_name,
    t.org_code,
    t.announced_on,
    t.pool_hash,
    t.pool_size,
    t.drawn_at,
    t.seed,
    {{ bookkeeping('t') }}
from winning as t
