{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='uscc') }}

{%- set attributes = entity_elements() + entity_status_elements() %}

-- Every state of a legal entity and how long it lasted, each element as the source says that speaks for it. The whole
-- history of an entity that changed is written anew, so that a late version finds its place between the others.
with {{ entity_sides(watermark()) }},

believed as (
    select
        uscc,
        {%- for column in attributes %}
        {{ surviving(column) }} as {{ column }},
        {%- endfor %}
        concat_ws(
            ';', case when has_register then 'register' end, case when has_credit then 'credit' end
        ) as sources,
        not has_register and not has_credit as is_gone,
        entity_load_id,
        {{ bookkeeping() }}
    from sided
),

compared as (
    select
        *,
        {%- for column in attributes + ['sources'] %}
        lag({{ column }}) over entity as was_{{ column }},
        {%- endfor %}
        row_number() over entity as state_no
    from believed
    window entity as (partition by uscc order by version_at)
),

changes as (
    select *
    from compared
    where
        state_no = 1
        {%- for column in attributes + ['sources'] %}
        or {{ column }} is distinct from was_{{ column }}
        {%- endfor %}
),

periods as (
    select
        *,
        lead(version_at) over (partition by uscc order by version_at) as next_at
    from changes
)

select
    uscc,
    version_at as valid_from,
    next_at as valid_to,
    next_at is null as is_current,
    {%- for column in attributes %}
    {{ column }},
    {%- endfor %}
    sources,
    is_gone as is_deleted,
    _batch_id,
    _business_date,
    _object_id,
    _file_name,
    _line,
    _row_hash,
    _flags,
    entity_load_id as _load_id,
    _landed_at
from periods
