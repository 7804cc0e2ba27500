-- Permits of the approval bureau: document numbers with one kind of bracket, no end date for long-term permits.
with delivered as (
    select
        *,
        valid_to is null or valid_to >= cast('2099-12-31' as date) as is_endless
    from {{ source('landed', 'permit') }}
),

crosswalk as (
    select * from {{ source('vocab', 'code_crosswalk') }}
)

select
    {{ normal_doc_no('t.doc_no') }} as doc_no,
    coalesce(authority.org_code, t.authority_code) as authority_code,
    t.authority_name,
    case when party_type.code <> 'natural' then t.party_uscc end as party_uscc,
    t.party_name,
    party_type.code as party_type_code,
    t.party_person_id,
    t.doc_name,
    permit_type.code as permit_type_code,
    t.licence_name,
    t.licence_no,
    t.content,
    t.decided_on,
    t.valid_from,
    case when not t.is_endless then t.valid_to end as valid_to,
    t._op = 'upsert' and t.is_endless as is_long_term,
    state.code as state_code,
    t.source_org,
    t.published_at,
    t.item_code,
    t.lon,
    t.lat,
    t.division_code,
    {{ landed_bookkeeping('t', 'updated_at') }}
from delivered as t
{{ crosswalk('party_type', 'party_type', 't.party_type', 'crosswalk') }}
{{ crosswalk('permit_type', 'permit_type', 't.permit_type', 'crosswalk') }}
{{ crosswalk('state', 'permit_state', 't.state', 'crosswalk') }}
{{ organisation_by_uscc('authority', 't.authority_code') }}
