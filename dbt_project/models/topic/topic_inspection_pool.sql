{{ config(unique_key=['plan_no', 'member_kind', 'member_code']) }}

-- Members of the pools that random plans were drawn from, as they now stand.
with arrivals as (
    {{ versions_since(ref('stg_enforcement__pool'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['plan_no', 'member_kind', 'member_code']) }}
),

winning as (
    {{ winners('newest', ['plan_no', 'member_kind', 'member_code']) }}
)

select
    t.plan_no,
    t.member_kind,
    t.member_code,
    case when t.member_kind = 'object' then t.member_name else {{ mask_name('t.member_name') }} end as member_name,
    t.grade,
    {{ bookkeeping('t') }}
from winning as t
