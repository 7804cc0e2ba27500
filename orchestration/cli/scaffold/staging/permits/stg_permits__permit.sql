-- From delivered columns to the columns every city has (dbt_project/models/staging/interfaces).
-- One row per delivered version; names and types must match the interface, missing things are typed NULLs.
select
    p.permit_no as doc_no,
    'PERMITS' as authority_code,
    'Permit office' as authority_name,
    cast(null as varchar) as party_uscc,
    p.holder as party_name,
    coalesce(party.code, 'natural') as party_type_code,  -- only names of `legal` are shown: not sure, not `legal`
    cast(null as varchar) as party_person_id,
    'Permit' as doc_name,
    kind.code as permit_type_code,
    cast(null as varchar) as licence_name,
    p.permit_no as licence_no,
    cast(null as varchar) as content,
    p.decided_on,
    p.decided_on as valid_from,
    cast(null as date) as valid_to,
    cast(null as boolean) as is_long_term,
    cast(null as varchar) as state_code,
    'Permit office' as source_org,
    cast(null as timestamp) as published_at,
    cast(null as varchar) as item_code,
    cast(null as double) as lon,
    cast(null as double) as lat,
    cast(null as varchar) as division_code,
    {{ landed_bookkeeping('p', 'changed_at') }}
from {{ source('landed', 'permits_permit') }} as p
{{ crosswalk('kind', 'permit_type', 'p.kind') }}
{{ crosswalk('party', 'party_type', 'p.holder_kind') }}
