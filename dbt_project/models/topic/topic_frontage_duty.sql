{{ config(unique_key='agreement_no') }}

-- Agreements on frontages as they now stand, with the last check.
with arrivals as (
    {{ versions_since(ref('stg_enforcement__frontage'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['agreement_no']) }}
),

winning as (
    {{ winners('newest', ['agreement_no']) }}
)

select
    t.agreement_no,
    t.shop_name,
    t.party_uscc,
    t.segment_no,
    t.segment_name,
    t.frontage_m,
    t.division_code,
    division.district_code,
    division.street_code,
    t.signed_on,
    t.ended_on,
    t.checked_on,
    t.sanitation_code,
    t.order_code,
    t.greenery_code,
    {{ bookkeeping('t') }}
from winning as t
{{ division_on('division', 't.division_code', 't.signed_on') }}
