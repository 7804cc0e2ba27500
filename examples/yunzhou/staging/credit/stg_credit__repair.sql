-- Credit repairs; they may arrive before the penalty they repair.
with organisation as (
    select * from {{ source('vocab', 'organisation') }}
)

select
    t.repair_id,
    {{ normal_doc_no('t.doc_no') }} as doc_no,
    coalesce(authority.org_code, t.authority_code) as authority_code,
    t.party_uscc,
    t.applied_on,
    t.decided_on,
    decision.code as decision_code,
    t.effect_at,
    coalesce(decider.org_code, t.decide_org) as decide_org,
    case t.obligations_done when '是' then true when '否' then false end as obligations_done,
    {{ landed_bookkeeping('t', 'updated_at') }}
from {{ source('landed', 'credit_repair') }} as t
{{ crosswalk('decision', 'repair_decision', 't.decision') }}
{{ organisation_by_uscc('authority', 't.authority_code', 'organisation') }}
{{ organisation_by_uscc('decider', 't.decide_org', 'organisation') }}
