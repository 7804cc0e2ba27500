-- The public part of the register of legal entities: no persons, no contacts.
with {{ codes_now() }}

select
    e.uscc,
    e.entity_name,
    e.entity_type_code,
    entity_type.name as entity_type_name,
    e.reg_capital_yuan,
    e.established_on,
    e.approved_on,
    e.status_code,
    status.name as status_name,
    e.cancelled_on,
    e.revoked_on,
    e.industry_code,
    industry.name as industry_name,
    e.reg_address,
    e.authority_name,
    e.division_code,
    e.district_code
from {{ ref('base_legal_entity') }} as e
{{ code_name('entity_type', 'entity_type', 'e.entity_type_code') }}
{{ code_name('status', 'entity_status', 'e.status_code') }}
{{ code_name('industry', 'industry', 'e.industry_code') }}
where not e.is_deleted
