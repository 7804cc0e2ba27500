-- Penalties of both layouts: fines from ten thousand yuan to yuan, category names to codes.
with delivered as (
    select
        *,
        concat(';', replace(concat_ws(';', category, category_2), '；', ';'), ';') as category_list
    from {{ source('landed', 'penalty') }}
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
    t.violation_type,
    t.fact,
    t.basis,
    (
        select {{ dbt.listagg('x.code', "';'", 'order by x.code') }}
        from crosswalk as x
        where x.scheme = 'penalty_category' and t.category_list like concat('%;', x.source_value, ';%')
    ) as category_codes,
    t.content,
    cast(t.fine_wan * 10000 as decimal(18, 2)) as fine_yuan,
    cast(t.confiscated_wan * 10000 as decimal(18, 2)) as confiscated_yuan,
    t.licence_action,
    t.decided_on,
    t.valid_to,
    t.publish_until as delivered_publish_until,
    severity.code as severity_code,
    t.item_code,
    t.case_no,
    t.published_at,
    {{ landed_bookkeeping('t', 'published_at') }}
from delivered as t
{{ crosswalk('party_type', 'party_type', 't.party_type', 'crosswalk') }}
{{ crosswalk('severity', 'credit_severity', 't.severity', 'crosswalk') }}
{{ organisation_by_uscc('authority', 't.authority_code') }}
