{{ config(unique_key=['plan_no', 'object_code']) }}

-- Results of inspections as they now stand.
with arrivals as (
    {{ versions_since(ref('stg_enforcement__result'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['plan_no', 'object_code']) }}
),

winning as (
    {{ winners('newest', ['plan_no', 'object_code']) }}
)

select
    t.plan_no,
    t.object_code,
    t.object_name,
    t.inspectors,
    t.inspected_on,
    t.result_code,
    t.problem,
    t.rectify_by,
    t.rectified_on,
    t.case_no,
    t.published_on,
    {{ bookkeeping('t') }}
from winning as t
