{{ config(unique_key='repair_id') }}

-- Credit repair applications as they now stand, whether or not the penalty has arrived.
with arrivals as (
    {{ versions_since(ref('stg_credit__repair'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['repair_id']) }}
),

winning as (
    {{ winners('newest', ['repair_id']) }}
)

select
    repair_id,
    doc_no,
    authority_code,
    party_uscc,
    applied_on,
    decided_on,
    decision_code,
    effect_at,
    decide_org,
    obligations_done,
    {{ bookkeeping() }}
from winning
