{# The life of a legal entity as a log of events: what each source row tells, and which rows must be told anew. #}

{# Elements of which a change is an event. #}
{% macro lifecycle_elements() -%}
    {{ return([
        'entity_name', 'entity_type_code', 'legal_rep_name', 'reg_capital_yuan', 'status_code', 'industry_code',
        'reg_address'
    ]) }}
{%- endmacro %}

{# Events are rewritten by the thing that tells them: the history of an entity, a permit, a penalty, an inspection. #}
{% macro event_source(kind, columns) -%}
    concat_ws('|', '{{ kind }}', {{ columns | join(', ') }})
{%- endmacro %}

{% macro retold_sources() -%}
    {%- set since = watermark() -%}
    select {{ event_source('legal_entity', ['uscc']) }} as event_source
    from {{ ref('base_legal_entity_history') }}
    where _load_id > {{ since }}
    union
    select {{ event_source('permit', ['doc_no', 'authority_code']) }} as event_source
    from {{ ref('topic_permit') }}
    where _load_id > {{ since }}
    union
    select {{ event_source('penalty', ['doc_no', 'authority_code']) }} as event_source
    from {{ ref('topic_penalty') }}
    where _load_id > {{ since }}
    union
    select {{ event_source('inspection', ['plan_no', 'object_code']) }} as event_source
    from {{ ref('topic_inspection_result') }}
    where _load_id > {{ since }}
{%- endmacro %}
