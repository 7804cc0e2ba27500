-- Penalties that must no longer be published, shared or used, by dataset, each with the day from which: also days that
-- lie ahead, so that the end of a publicity is met by the clock and not by the next run. Every penalty the lake holds
-- is judged, whenever it was published: an older release may still show it.
with penalty as (
    select
        doc_no,
        authority_code,
        party_type_code,
        severity_code,
        decided_on,
        publish_until,
        publish_rule,
        repaired_at,
        is_deleted,
        _business_date
    from {{ ref('topic_penalty') }}
),

withdrawn as (
    -- A repair ends publicity, sharing and use.
    select
        p.doc_no,
        p.authority_code,
        'repaired' as reason_code,
        cast(p.repaired_at as date) as effective_on,
        rule.source as basis
    from penalty as p
    left join {{ source('vocab', 'publicity_rule') }} as rule
        on
            p.severity_code = rule.severity
            and cast(p.repaired_at as date) >= coalesce(rule.valid_from, cast('1900-01-01' as date))
            and cast(p.repaired_at as date) <= coalesce(rule.valid_to, cast('9999-12-31' as date))
    where p.repaired_at is not null
    union all
    -- The department took the decision back.
    select doc_no, authority_code, 'retracted', _business_date, cast(null as string)
    from penalty
    where is_deleted
    union all
    -- A penalty against a natural person is never published; one that was delivered as against a firm may have been.
    select doc_no, authority_code, 'not_public', coalesce(decided_on, cast('1900-01-01' as date)), cast(null as string)
    from penalty
    where not is_deleted and coalesce(party_type_code, 'unknown') <> 'legal'
    union all
    select doc_no, authority_code, 'publicity_over', {{ date_plus('day', 1, 'publish_until') }}, publish_rule
    from penalty
    where not is_deleted and publish_until is not null
)

select 'penalties' as dataset_id, doc_no, authority_code, reason_code, effective_on, basis
from withdrawn
union all
-- The library keeps what is only no longer, or never was, for the public.
select 'penalty_records' as dataset_id, doc_no, authority_code, reason_code, effective_on, basis
from withdrawn
where reason_code in ('repaired', 'retracted')
