{# Matters that come again: which reports follow which, and the months such a finding must restate. #}

{# A changed case or ticket can make, or unmake, repeats among reports of its own months and of the two after them. #}
{% macro repeat_months() -%}
    with changed as (
        select _months from {{ ref('topic_grid_case') }} where _load_id > {{ watermark(column='_case_load_id') }}
        union all
        select _months from {{ ref('topic_hotline_ticket') }} where _load_id > {{ watermark(column='_ticket_load_id') }}
    ),

    touched as (
        {{ months_of('changed') }}
    )

    select month from touched
    union
    select {{ date_plus('month', 1, 'month') }} as month from touched
    union
    select {{ date_plus('month', 2, 'month') }} as month from touched
{%- endmacro %}

{# CTE `taken_in`: the newest loads a model of both feeds has taken into account. #}
{% macro loads_taken_in() -%}
    taken_in as (
        select
            cast(coalesce((select max(_load_id) from {{ ref('topic_grid_case') }}), -1) as bigint) as case_load,
            cast(coalesce((select max(_load_id) from {{ ref('topic_hotline_ticket') }}), -1) as bigint) as ticket_load
    )
{%- endmacro %}

{# Condition that a time is not so many days (the parameter repeat.days) before the first of the months. #}
{% macro since_repeats(expression, months) -%}
    {%- if months is none -%}
        {{ expression }} is not null
    {%- elif months | length == 0 -%}
        false
    {%- else -%}
        {{ expression }} >= {{ date_plus('day', '-' ~ parameter('repeat.days', 30, months[0]), months[0]) }}
    {%- endif -%}
{%- endmacro %}

{# Metres between two points some hundred metres apart, on a sphere. #}
{% macro metres_between(lon, lat, other_lon, other_lat) -%}
    sqrt(
        power(({{ lat }} - {{ other_lat }}) * 111320, 2)
        + power(({{ lon }} - {{ other_lon }}) * 111320 * cos(radians({{ lat }})), 2)
    )
{%- endmacro %}

{# A changed case can make, or unmake, flags in its own months, the one before them and the two after. #}
{% macro integrity_months() -%}
    with changed as (
        select _months from {{ ref('topic_grid_case') }} where _load_id > {{ watermark() }}
    ),

    touched as (
        {{ months_of('changed') }}
    )

    select {{ date_plus('month', -1, 'month') }} as month from touched
    union
    select month from touched
    union
    select {{ date_plus('month', 1, 'month') }} as month from touched
    union
    select {{ date_plus('month', 2, 'month') }} as month from touched
{%- endmacro %}
