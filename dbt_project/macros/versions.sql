{# Versions of a key: which rows are new, which of them is the newest, what is kept of a row's origin.

   The order of versions does not depend on how deliveries were grouped into loads: the source's own version time
   first, then the business date, then the arrival of the batch, then the place in the file. #}

{% macro version_order() -%}
    {{ return(['version_at', '_business_date', '_landed_at', '_batch_id', '_file_name', '_line']) }}
{%- endmacro %}

{% macro bookkeeping(alias=none) -%}
    {%- set prefix = alias ~ '.' if alias else '' -%}
    {%- for column in [
        'version_at', 'is_deleted', '_batch_id', '_business_date', '_object_id', '_file_name', '_line', '_row_hash',
        '_flags', '_load_id', '_landed_at'
    ] -%}
        {{ prefix }}{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The greatest value of a load column in a table already built; -1 on a first or full build. A literal, so that
   the lake's file statistics prune everything that was loaded before. #}
{% macro watermark(relation=none, column='_load_id', always=false) -%}
    {%- if execute and (always or is_incremental()) -%}
        {%- set found = run_query('select max(' ~ column ~ ') from ' ~ (relation or this)) -%}
        {%- set value = found.columns[0].values()[0] -%}
        {{ return(value if value is not none else -1) }}
    {%- endif -%}
    {{ return(-1) }}
{%- endmacro %}

{# Rows of `relation` accepted after the load `since`. #}
{% macro versions_since(relation, since) -%}
    select *
    from {{ relation }}
    {%- if since >= 0 %}
    where _load_id > {{ since }}
    {%- endif %}
{%- endmacro %}

{# The newest version of every key of the relation `source`. #}
{% macro newest(source, key) -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by {% for column in version_order() %}{{ column }} desc{{ ', ' if not loop.last }}{% endfor %}
            ) as version_rank
        from {{ source }}
    ) as ranked
    where version_rank = 1
{%- endmacro %}

{# True when row `a` is a newer version than row `b` of the same key. #}
{% macro is_newer(a, b) -%}
    (
        {%- for column in version_order() %}
        {{ 'or ' if not loop.first }}(
            {%- for equal in version_order()[:loop.index0] %}{{ a }}.{{ equal }} = {{ b }}.{{ equal }} and {% endfor -%}
            {{ a }}.{{ column }} > {{ b }}.{{ column }})
        {%- endfor %}
    )
{%- endmacro %}

{% macro same_key(a, b, key) -%}
    {%- for column in key -%}
        {{ a }}.{{ column }} = {{ b }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# Of the newest arrivals in `arrivals`, those that beat what the table being built already holds; on a full build
   all of them. With `months` the row's list of months so far comes along as `_held_months`. #}
{% macro winners(arrivals, key, months=false) -%}
    {%- if is_incremental() %}
    select arrived.*{{ ', held._months as _held_months' if months }}
    from {{ arrivals }} as arrived
    left join {{ this }} as held
        on {{ same_key('arrived', 'held', key) }}
    where held.{{ key[0] }} is null or {{ is_newer('arrived', 'held') }}
    {%- else %}
    select *{{ ', cast(null as string) as _held_months' if months }} from {{ arrivals }}
    {%- endif %}
{%- endmacro %}
