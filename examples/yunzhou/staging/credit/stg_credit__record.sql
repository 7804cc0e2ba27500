-- Credit records: complete weekly lists, ordered by their business date.
with crosswalk as (
    select * from {{ source('vocab', 'code_crosswalk') }}
)

select
    t.record_id,
    t.subject_key,
    t.subject_name,
    info_kind.code as info_kind,
    t.fact_summary,
    t.determined_on,
    coalesce(org.org_code, t.determine_org) as determine_org,
    severity.code as severity_code,
    t.expires_on,
    case t.source_table when '行政处罚' then 'penalty' when '法人库' then 'legal_entity' else t.source_table end as source_table,
    t.source_id,
    state.code as state_code,
    {{ landed_bookkeeping('t') }}
from {{ source('landed', 'credit_record') }} as t
{{ crosswalk('info_kind', 'info_kind', 't.info_kind', 'crosswalk') }}
{{ crosswalk('severity', 'credit_severity', 't.severity', 'crosswalk') }}
{{ crosswalk('state', 'credit_state', 't.state', 'crosswalk') }}
{{ organisation_named('org', 't.determine_org') }}
