-- Licences found revoked, or their revocation under appeal, as dishonest records of the account that held them.
-- The day of the revocation is not delivered: the end of the licence term bounds how long the record may be used.
select
    'BACP-' || licensed.license_id as record_id,
    'CHI-' || licensed.account_number as subject_key,
    licensed.doing_business_as_name as subject_name,
    'dishonest' as info_kind,
    'Licence ' || licensed.license_number || ' (' || licensed.license_description || '): ' || status.code as fact_summary,
    licensed.term_start_date as determined_on,
    'Business Affairs and Consumer Protection' as determine_org,
    'serious' as severity_code,
    licensed.term_expiration_date as expires_on,
    'licence' as source_table,
    licensed.id as source_id,
    'valid' as state_code,
    {{ landed_bookkeeping('licensed', 'term_start_date') }}
from {{ source('landed', 'credit_licence_at_inspection') }} as licensed
{{ crosswalk('status', 'entity_status', 'licensed.license_status') }}
where status.code in ('revoked', 'appealed')
