{{ config(incremental_strategy='rewrite', unique_key='event_source', rewrites='retold_sources') }}

{%- set since = watermark() %}

-- What happened to legal entities, and when: registered, changed, permitted, inspected, penalised, repaired, revoked,
-- cancelled. What corrects a source row takes the place of what it told before.
with state as (
    select
        *,
        row_number() over (partition by uscc order by valid_from) as state_no,
        {%- for column in lifecycle_elements() %}
        lag({{ column }}) over (partition by uscc order by valid_from) as was_{{ column }},
        {%- endfor %}
        lag(is_deleted) over (partition by uscc order by valid_from) as was_deleted
    from {{ ref('base_legal_entity_history') }}
    where _load_id > {{ since }}
),

compared as (
    select
        *,
        concat_ws(
            ';'
            {%- for column in lifecycle_elements() %},
            case when {{ column }} is distinct from was_{{ column }} then '{{ column }}' end
            {%- endfor %}
        ) as changed_elements
    from state
),

registration as (
    select
        uscc,
        'registered' as event_code,
        coalesce(established_on, cast(valid_from as date)) as occurred_on,
        0 as serial,
        cast(null as string) as org_code,
        cast(null as string) as detail,
        valid_from,
        _load_id
    from compared
    where state_no = 1 and not is_deleted
    union all
    select
        uscc,
        'changed' as event_code,
        cast(valid_from as date) as occurred_on,
        state_no as serial,
        cast(null as string) as org_code,
        changed_elements as detail,
        valid_from,
        _load_id
    from compared
    where state_no > 1 and not is_deleted and not was_deleted and changed_elements <> ''
    union all
    select
        uscc,
        'revoked' as event_code,
        revoked_on as occurred_on,
        0 as serial,
        cast(null as string) as org_code,
        cast(null as string) as detail,
        valid_from,
        _load_id
    from compared
    where is_current and not is_deleted and revoked_on is not null
    union all
    select
        uscc,
        'cancelled' as event_code,
        cancelled_on as occurred_on,
        0 as serial,
        cast(null as string) as org_code,
        cast(null as string) as detail,
        valid_from,
        _load_id
    from compared
    where is_current and not is_deleted and cancelled_on is not null
),

event as (
    select
        uscc,
        event_code,
        occurred_on,
        serial,
        {{ event_source('legal_entity', ['uscc']) }} as event_source,
        'base_legal_entity_history' as source_table,
        uscc as source_id,
        org_code,
        detail,
        false as is_repaired,
        valid_from as known_at,
        _load_id
    from registration
    union all
    select
        party_uscc as uscc,
        'permitted' as event_code,
        decided_on as occurred_on,
        0 as serial,
        {{ event_source('permit', ['doc_no', 'authority_code']) }} as event_source,
        'topic_permit' as source_table,
        concat_ws('|', doc_no, authority_code) as source_id,
        authority_code as org_code,
        licence_name as detail,
        false as is_repaired,
        version_at as known_at,
        _load_id
    from {{ ref('topic_permit') }}
    where _load_id > {{ since }} and not is_deleted and party_uscc is not null
    union all
    select
        party_uscc as uscc,
        'penalised' as event_code,
        decided_on as occurred_on,
        0 as serial,
        {{ event_source('penalty', ['doc_no', 'authority_code']) }} as event_source,
        'topic_penalty' as source_table,
        concat_ws('|', doc_no, authority_code) as source_id,
        authority_code as org_code,
        category_codes as detail,
        repaired_at is not null as is_repaired,
        version_at as known_at,
        _load_id
    from {{ ref('topic_penalty') }}
    where _load_id > {{ since }} and not is_deleted and party_uscc is not null
    union all
    select
        party_uscc as uscc,
        'repaired' as event_code,
        cast(repaired_at as date) as occurred_on,
        0 as serial,
        {{ event_source('penalty', ['doc_no', 'authority_code']) }} as event_source,
        'topic_penalty' as source_table,
        concat_ws('|', doc_no, authority_code) as source_id,
        authority_code as org_code,
        category_codes as detail,
        true as is_repaired,
        version_at as known_at,
        _load_id
    from {{ ref('topic_penalty') }}
    where _load_id > {{ since }} and not is_deleted and party_uscc is not null and repaired_at is not null
    union all
    select
        object_code as uscc,
        'inspected' as event_code,
        inspected_on as occurred_on,
        0 as serial,
        {{ event_source('inspection', ['plan_no', 'object_code']) }} as event_source,
        'topic_inspection_result' as source_table,
        concat_ws('|', plan_no, object_code) as source_id,
        cast(null as string) as org_code,
        result_code as detail,
        false as is_repaired,
        version_at as known_at,
        _load_id
    from {{ ref('topic_inspection_result') }}
    where _load_id > {{ since }} and not is_deleted and length(object_code) = 18
)

select
    uscc,
    occurred_on,
    event_code,
    source_table,
    source_id,
    serial,
    org_code,
    detail,
    is_repaired,
    known_at,
    event_source,
    _load_id
from event
where occurred_on is not null
-- In the order of entities, so that the life of one lies together.
order by uscc, occurred_on
