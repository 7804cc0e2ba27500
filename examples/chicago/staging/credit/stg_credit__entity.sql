-- The accounts that hold business licences, as legal entities. An account may hold licences for several places;
-- the newest licence term speaks for it. Amounts would be US dollars, the city's currency; none is delivered.
with licensed as (
    select
        *,
        regexp_matches(
            upper(legal_name),
            '\b(INC|INCORPORATED|LLC|L\.? ?L\.? ?C|CORP|CORPORATION|LTD|LIMITED|LP|LLP|CO|COMPANY|FOUNDATION)\b'
        ) as is_firm
    from {{ source('landed', 'credit_licence_at_inspection') }}
)

select
    'CHI-' || licensed.account_number as uscc,
    licensed.license_number as reg_no,
    -- A person's legal name is not passed on: the trading name stands for the business, or else its licence.
    case
        when licensed.is_firm then licensed.legal_name
        when upper(licensed.doing_business_as_name) <> upper(licensed.legal_name) then licensed.doing_business_as_name
        else 'Licence ' || licensed.license_number
    end as entity_name,
    case when licensed.is_firm then 'company' else 'individual' end as entity_type_code,
    cast(null as varchar) as legal_rep_name,
    cast(null as decimal(18, 2)) as reg_capital_yuan,
    licensed.first_start_date as established_on,
    licensed.term_start_date as approved_on,
    status.code as status_code,
    cast(null as date) as cancelled_on,
    cast(null as date) as revoked_on,
    licensed.license_code as industry_code,
    licensed.address as reg_address,
    'Business Affairs and Consumer Protection' as authority_name,
    cast(null as varchar) as contact_phone,
    case when licensed.city = 'CHICAGO' then '171400' end as division_code,
    {{ landed_bookkeeping('licensed', 'term_start_date') }}
from licensed
{{ crosswalk('status', 'entity_status', 'licensed.license_status') }}
