-- Enforcement cases: names of types, sources and tiers to codes.
with crosswalk as (
    select * from {{ source('vocab', 'code_crosswalk') }}
),

places as (
    {{ division_paths() }}
)

select
    t.case_no,
    t.item_code,
    t.item_version,
    t.party_name,
    party_type.code as party_type_code,
    case when party_type.code <> 'natural' then t.party_uscc end as party_uscc,
    t.party_person_id,
    org.org_code,
    source.code as source_code,
    t.ticket_no,
    t.discovered_at,
    t.filed_at,
    t.notice_at,
    t.decided_at,
    t.executed_at,
    t.closed_at,
    tier.code as tier_code,
    t.fine_yuan,
    coalesce(street.code, district.code) as division_code,
    t.address as address_raw,
    t.officers,
    {{ landed_bookkeeping('t', 'updated_at') }}
from {{ source('landed', 'enforcement_case') }} as t
{{ crosswalk('party_type', 'party_type', 't.party_type', 'crosswalk') }}
{{ crosswalk('source', 'enforcement_source', 't.source', 'crosswalk') }}
{{ crosswalk('tier', 'discretion_tier', 't.tier', 'crosswalk') }}
{{ organisation_named('org', 't.org') }}
left join places as district
    on t.district = district.district and district.street = '' and district.community = ''
left join places as street
    on t.district = street.district and t.street = street.street and street.community = ''
