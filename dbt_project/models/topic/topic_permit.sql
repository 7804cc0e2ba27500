{{ config(unique_key=['doc_no', 'authority_code']) }}

-- Permit decisions as they now stand; a natural person's name is masked and the identity number a pseudonym.
with arrivals as (
    {{ versions_since(ref('stg_permits__permit'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['doc_no', 'authority_code']) }}
),

winning as (
    {{ winners('newest', ['doc_no', 'authority_code']) }}
),

calendar as (
    select day, work_days_before from {{ ref('base_calendar') }}
)

select
    p.doc_no,
    p.authority_code,
    p.authority_name,
    p.party_uscc,
    case when p.party_type_code = 'legal' then p.party_name else {{ mask_name('p.party_name') }} end as party_name,
    p.party_type_code,
    {{ person_key('p.party_person_id') }} as party_person_key,
    p.doc_name,
    p.permit_type_code,
    p.licence_name,
    p.licence_no,
    {{ mask_text('p.content') }} as content_masked,
    p.decided_on,
    p.valid_from,
    p.valid_to,
    p.is_long_term,
    p.state_code,
    p.source_org,
    p.published_at,
    cast(published.work_days_before - decided.work_days_before as integer) as publish_delay_days,
    p.item_code,
    p.lon,
    p.lat,
    p.division_code,
    division.district_code,
    {{ bookkeeping('p') }}
from winning as p
left join calendar as decided on p.decided_on = decided.day
left join calendar as published on cast(p.published_at as date) = published.day
{{ division_on('division', 'p.division_code', 'coalesce(p.decided_on, p._business_date)') }}
