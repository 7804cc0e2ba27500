-- Permits granted to legal entities; natural persons and the self-employed are not published.
with {{ codes_now() }}

select
    p.doc_no,
    p.authority_code,
    coalesce(authority.org_name, p.authority_name) as authority_name,
    p.party_uscc,
    p.party_name,
    p.doc_name,
    p.permit_type_code,
    permit_type.name as permit_type_name,
    p.licence_name,
    p.licence_no,
    p.content_masked as content,
    p.decided_on,
    p.valid_from,
    p.valid_to,
    p.is_long_term,
    p.state_code,
    state.name as state_name,
    cast(p.published_at as date) as published_on,
    p.publish_delay_days,
    p.item_code,
    p.division_code,
    p.district_code
from {{ ref('topic_permit') }} as p
left join {{ ref('base_organisation') }} as authority on p.authority_code = authority.org_code
{{ code_name('permit_type', 'permit_type', 'p.permit_type_code') }}
{{ code_name('state', 'permit_state', 'p.state_code') }}
where not p.is_deleted and p.party_type_code = 'legal'
