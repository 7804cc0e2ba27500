-- Legal entities: registered capital from text to yuan (other currencies stay empty), states and types to codes.
with crosswalk as (
    select * from {{ source('vocab', 'code_crosswalk') }}
)

select
    t.uscc,
    t.reg_no,
    t.entity_name,
    entity_type.code as entity_type_code,
    t.legal_rep_name,
    {{ yuan_of('t.reg_capital') }} as reg_capital_yuan,
    t.established_on,
    t.approved_on,
    status.code as status_code,
    t.cancelled_on,
    t.revoked_on,
    t.industry_code,
    t.reg_address,
    t.authority_name,
    t.contact_phone,
    t.division_code,
    {{ landed_bookkeeping('t', 'updated_at') }}
from {{ source('landed', 'legal_entity') }} as t
{{ crosswalk('entity_type', 'entity_type', 't.entity_type', 'crosswalk') }}
{{ crosswalk('status', 'entity_status', 't.status', 'crosswalk') }}
