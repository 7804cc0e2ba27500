{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='uscc') }}

-- Legal entities as they are now. An entity that was removed at the source stays, marked.
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
    e.contact_phone_masked,
    e.division_code,
    division.district_code,
    e.sources,
    e.valid_from as version_at,
    e.is_deleted,
    e._batch_id,
    e._business_date,
    e._object_id,
    e._file_name,
    e._line,
    e._row_hash,
    e._flags,
    e._load_id,
    e._landed_at
from {{ ref('base_legal_entity_history') }} as e
{{ division_on('division', 'e.division_code', "coalesce(e.approved_on, e.established_on, e._business_date)") }}
where e.is_current and e._load_id > {{ watermark() }}
