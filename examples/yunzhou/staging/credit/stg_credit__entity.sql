-- Legal entities: registered capital from text to yuan (other currencies stay empty), states and types to codes.
with delivered as (
    select
        *,
        {{ first_match('reg_capital', '([0-9]+(?:[.][0-9]+)?)') }} as capital_digits,
        reg_capital like '%万%' as is_ten_thousands,
        reg_capital is not null
        and {{ first_match('reg_capital', '(USD|EUR|HKD|JPY|GBP|美元|欧元|港币|港元|日元|英镑)') }} is null as is_yuan
    from {{ source('landed', 'legal_entity') }}
),

crosswalk as (
    select * from {{ source('vocab', 'code_crosswalk') }}
)

select
    t.uscc,
    t.reg_no,
    t.entity_name,
    entity_type.code as entity_type_code,
    t.legal_rep_name,
    case
        when t.is_yuan
            then cast(
                cast(t.capital_digits as decimal(18, 6)) * case when t.is_ten_thousands then 10000 else 1 end
                as decimal(18, 2)
            )
    end as reg_capital_yuan,
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
from delivered as t
{{ crosswalk('entity_type', 'entity_type', 't.entity_type', 'crosswalk') }}
{{ crosswalk('status', 'entity_status', 't.status', 'crosswalk') }}
