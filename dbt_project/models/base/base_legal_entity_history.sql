{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='uscc') }}

{%- set attributes = [
    'reg_no', 'entity_name', 'entity_type_code', 'legal_rep_name', 'reg_capital_yuan', 'established_on', 'approved_on',
    'status_code', 'cancelled_on', 'revoked_on', 'industry_code', 'reg_address', 'authority_name', 'division_code'
] %}
{%- set since = watermark() %}

-- Every state of a legal entity and how long it lasted. The whole history of an entity that changed is written anew,
-- so that a late version finds its place between the others.
with versions as (
    select *
    from {{ ref('stg_credit__entity') }}
    {%- if since >= 0 %}
    where uscc in (select uscc from {{ ref('stg_credit__entity') }} where _load_id > {{ since }})
    {%- endif %}
),

-- Of several versions of one moment the newest counts.
moments as (
    {{ newest('versions', ['uscc', 'version_at']) }}
),

compared as (
    select
        *,
        lag(is_deleted) over entity as was_deleted,
        {%- for column in attributes %}
        lag({{ column }}) over entity as was_{{ column }},
        {%- endfor %}
        max(_load_id) over (partition by uscc) as entity_load_id
    from moments
    window entity as (partition by uscc order by version_at)
),

changes as (
    select *
    from compared
    where
        was_deleted is null
        or is_deleted <> was_deleted
        {%- for column in attributes %}
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
where not is_deleted
