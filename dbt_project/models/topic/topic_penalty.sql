{{ config(unique_key=['doc_no', 'authority_code']) }}

{%- set key = ['doc_no', 'authority_code'] %}
{%- set decided = [
    'doc_no', 'authority_code', 'authority_name', 'party_uscc', 'party_name', 'party_type_code', 'party_person_key',
    'violation_type', 'fact_masked', 'basis', 'category_codes', 'content_masked', 'fine_yuan', 'confiscated_yuan',
    'licence_action', 'decided_on', 'valid_to', 'severity_code', 'is_severity_delivered', 'publish_from',
    'publish_min_until', 'publish_until', 'publish_rule', 'item_code', 'case_no', 'published_at', 'publish_delay_days'
] %}
{%- set since = watermark() %}

-- Penalty decisions as they now stand, with their severity, their time of publicity and their repair. A repair may
-- arrive before its penalty or long after it: the penalty is written again when either arrives.
with arrivals as (
    {{ versions_since(ref('stg_credit__penalty'), since) }}
),

newest as (
    {{ newest('arrivals', key) }}
),

winning as (
    {{ winners('newest', key) }}
),

{{ parameters() }},

calendar as (
    select day, work_days_before from {{ ref('base_calendar') }}
),

graded as (
    select
        *,
        coalesce(
            severity_code,
            {{ severity_of_rank(
                'greatest(' ~ category_rank('category_codes') ~ ', '
                ~ fine_rank('fine_yuan', 'category_codes', 'decided_on') ~ ')'
            ) }}
        ) as severity
    from winning
),

arrived as (
    select
        p.doc_no,
        p.authority_code,
        p.authority_name,
        p.party_uscc,
        case when p.party_type_code = 'legal' then p.party_name else {{ mask_name('p.party_name') }} end as party_name,
        p.party_type_code,
        {{ person_key('p.party_person_id') }} as party_person_key,
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
        {{ date_plus('month', 'rule.min_months', 'p.decided_on') }} as publish_min_until,
        coalesce({{ date_plus('month', 'rule.max_months', 'p.decided_on') }}, p.delivered_publish_until) as publish_until,
        rule.source as publish_rule,
        p.item_code,
        p.case_no,
        p.published_at,
        cast(published.work_days_before - decided.work_days_before as integer) as publish_delay_days,
        {{ bookkeeping('p') }}
    from graded as p
    left join {{ source('vocab', 'publicity_rule') }} as rule
        on
            p.severity = rule.severity
            and p.decided_on >= coalesce(rule.valid_from, cast('1900-01-01' as date))
            and p.decided_on <= coalesce(rule.valid_to, cast('9999-12-31' as date))
    left join calendar as decided on p.decided_on = decided.day
    left join calendar as published on cast(p.published_at as date) = published.day
),

repair_version as (
    select
        repair_id,
        doc_no,
        authority_code,
        case when decision_code = 'granted' and not is_deleted then effect_at end as granted_from,
        {{ version_order() | join(', ') }},
        _load_id
    from {{ ref('stg_credit__repair') }}
),

{%- if is_incremental() %}

-- Penalties already held that did not arrive again but whose repairs did.
held as (
    select
        {%- for column in decided %}
        h.{{ column }},
        {%- endfor %}
        {{ bookkeeping('h') }}
    from {{ this }} as h
    inner join (
        select doc_no, authority_code from repair_version where _load_id > {{ since }}
        except
        select doc_no, authority_code from arrived
    ) as r on {{ same_key('h', 'r', key) }}
),

touched as (
    select * from arrived
    union all
    select * from held
),
{%- else %}

touched as (
    select * from arrived
),
{%- endif %}

repaired as (
    select doc_no, authority_code, min(granted_from) as repaired_at, max(_load_id) as repair_load_id
    from ({{ newest('repair_version', ['repair_id']) }}) as resolved
    group by doc_no, authority_code
)

select
    {%- for column in decided %}
    p.{{ column }},
    {%- endfor %}
    r.repaired_at,
    p.version_at,
    p.is_deleted,
    p._batch_id,
    p._business_date,
    p._object_id,
    p._file_name,
    p._line,
    p._row_hash,
    p._flags,
    greatest(p._load_id, coalesce(r.repair_load_id, p._load_id)) as _load_id,
    p._landed_at
from touched as p
left join repaired as r on {{ same_key('p', 'r', key) }}
