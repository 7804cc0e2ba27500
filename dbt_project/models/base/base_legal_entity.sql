{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='uscc') }}

-- Legal entities as they are now. An entity that was removed at the source stays, marked.
with arrivals as (
    {{ versions_since(ref('stg_credit__entity'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['uscc']) }}
),

winning as (
    {{ winners('newest', ['uscc']) }}
)

select
    e.uscc,
    e.reg_no,
    e.entity_name,
    e.entity_type_code,
    e.legal_rep_name,
    e.reg_capital_yuan,
    e.established_on,
    e.approved_on,
    e.status_code,
    e.cancelled_on,
    e.revoked_on,
    e.industry_code,
    e.reg_address,
    e.authority_name,
    {{ mask_text('e.contact_phone') }} as contact_phone_masked,
    e.division_code,
    division.district_code,
    {{ bookkeeping('e') }}
from winning as e
{{ division_on('division', 'e.division_code', "coalesce(e.approved_on, e.established_on, e._business_date)") }}
