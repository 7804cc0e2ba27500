{{ config(unique_key=['doc_no', 'authority_code']) }}

{%- set key = ['doc_no', 'authority_code'] %}
{%- set since = watermark() %}

-- Penalty decisions as they now stand, with their severity, their time of publicity and their repair. A repair may
-- arrive before its penalty or long after it: the penalty is written again when either arrives.
with repairs as (
    select *
    from ({{ newest(ref('stg_credit__repair'), ['repair_id']) }}) as resolved
),

{%- if is_incremental() %}

touched_keys as (
    select doc_no, authority_code from {{ ref('stg_credit__penalty') }} where _load_id > {{ since }}
    union
    select doc_no, authority_code from {{ ref('stg_credit__repair') }} where _load_id > {{ since }}
),

versions as (
    select v.*
    from {{ ref('stg_credit__penalty') }} as v
    inner join touched_keys as k on {{ same_key('v', 'k', key) }}
),
{%- else %}

versions as (
    select * from {{ ref('stg_credit__penalty') }}
),
{%- endif %}

newest as (
    {{ newest('versions', key) }}
),

repaired as (
    select
        doc_no,
        authority_code,
        min(case when decision_code = 'granted' and not is_deleted then effect_at end) as repaired_at,
        max(_load_id) as repair_load_id
    from repairs
    group by doc_no, authority_code
),

graded as (
    select
        p.*,
        r.repaired_at,
        r.repair_load_id,
        coalesce(
            p.severity_code,
            {{ severity_of_rank(
                'greatest(' ~ category_rank('p.category_codes') ~ ', '
                ~ fine_rank('p.fine_yuan', 'p.category_codes', 'p.decided_on') ~ ')'
            ) }}
        ) as severity
    from newest as p
    left join repaired as r on {{ same_key('p', 'r', key) }}
),

ruled as (
    select
        p.*,
        rule.min_months,
        rule.max_months,
        rule.source as rule_source
    from graded as p
    left join {{ source('vocab', 'publicity_rule') }} as rule
        on
            p.severity = rule.severity
            and p.decided_on >= coalesce(rule.valid_from, cast('1900-01-01' as date))
            and p.decided_on <= coalesce(rule.valid_to, cast('9999-12-31' as date))
)

select
    p.doc_no,
    p.authority_code,
    p.authority_name,
    p.party_uscc,
    case when p.party_type_code = 'legal' then p.party_name else {{ mask_name('p.party_name') }} end as party_name,
    p.party_type_code,
    {{ pseudonym('p.party_person_id', 'person') }} as party_person_key,
    p.violation_type,
    {{ mask_text('p.fact') }} as fact_masked,
    p.basis,
    p.category_codes,
    {{ mask_text('p.content') }} as content_masked,
    p.fine_yuan,
    p.confiscated_yuan,
    p.licence_action,
    p.decided_on,
    p.valid_to,
    p.severity as severity_code,
    p.severity_code is not null as is_severity_delivered,
    p.decided_on as publish_from,
    {{ date_plus('month', 'p.min_months', 'p.decided_on') }} as publish_min_until,
    coalesce({{ date_plus('month', 'p.max_months', 'p.decided_on') }}, p.delivered_publish_until) as publish_until,
    p.rule_source as publish_rule,
    p.item_code,
    p.case_no,
    p.published_at,
    cast(published.work_days_before - decided.work_days_before as integer) as publish_delay_days,
    p.repaired_at,
    p.version_at,
    p.is_deleted,
    p._batch_id,
    p._business_date,
    p._object_id,
    p._file_name,
    p._line,
    p._row_hash,
    p._flags,
    greatest(p._load_id, coalesce(p.repair_load_id, p._load_id)) as _load_id,
    p._landed_at
from ruled as p
left join {{ ref('base_calendar') }} as decided on p.decided_on = decided.day
left join {{ ref('base_calendar') }} as published on cast(p.published_at as date) = published.day
