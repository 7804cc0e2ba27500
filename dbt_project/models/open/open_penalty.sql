-- Penalties against legal entities while their publicity lasts: from the decision until the rule ends it or a repair
-- takes effect. A penalty whose end cannot be told is not published.
with {{ codes_now() }}

select
    p.doc_no,
    p.authority_code,
    coalesce(authority.org_name, p.authority_name) as authority_name,
    p.party_uscc,
    p.party_name,
    p.violation_type,
    p.basis,
    p.category_codes,
    p.fine_yuan,
    p.confiscated_yuan,
    p.licence_action,
    p.decided_on,
    p.severity_code,
    severity.name as severity_name,
    p.publish_from,
    p.publish_until,
    p.item_code,
    cast(p.published_at as date) as published_on
from {{ ref('topic_penalty') }} as p
left join {{ ref('base_organisation') }} as authority on p.authority_code = authority.org_code
{{ code_name('severity', 'credit_severity', 'p.severity_code') }}
where
    not p.is_deleted
    and p.party_type_code = 'legal'
    and p.publish_from <= {{ as_of() }}
    and p.publish_until >= {{ as_of() }}
    and coalesce(cast(p.repaired_at as date) > {{ as_of() }}, true)
