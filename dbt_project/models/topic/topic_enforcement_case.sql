{{ config(unique_key='case_no') }}

-- Enforcement cases as they now stand, with the stage they have reached; natural persons stay behind a pseudonym.
with arrivals as (
    {{ versions_since(ref('stg_enforcement__case'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['case_no']) }}
),

winning as (
    {{ winners('newest', ['case_no']) }}
)

select
    t.case_no,
    t.item_code,
    t.item_version,
    case when t.party_type_code = 'legal' then t.party_name else {{ mask_name('t.party_name') }} end as party_name,
    t.party_type_code,
    t.party_uscc,
    {{ person_key('t.party_person_id') }} as party_person_key,
    t.org_code,
    t.source_code,
    t.ticket_no,
    t.discovered_at,
    t.filed_at,
    t.notice_at,
    t.decided_at,
    t.executed_at,
    t.closed_at,
    case
        when t.closed_at is not null then 'closed'
        when t.executed_at is not null then 'executed'
        when t.decided_at is not null then 'decided'
        when t.notice_at is not null then 'informed'
        else 'filed'
    end as stage_code,
    t.tier_code,
    t.fine_yuan,
    t.division_code,
    division.district_code,
    division.street_code,
    {{ bookkeeping('t') }}
from winning as t
{{ division_on('division', 't.division_code', 'cast(t.filed_at as date)') }}
