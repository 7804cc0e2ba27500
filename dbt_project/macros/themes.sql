{# What the themes count, and which months each must restate. #}

{# Tickets that count in the three rates: not deleted, not excluded, no question and no praise, handled by someone. #}
{% macro is_scored(alias=none) -%}
    {%- set prefix = alias ~ '.' if alias else '' -%}
    not {{ prefix }}is_deleted
        and {{ prefix }}excluded_reason_code is null
        and {{ prefix }}ticket_type_code not in ('consult', 'consultation', 'praise')
        and {{ prefix }}undertake_org_code is not null
{%- endmacro %}

{% macro hotline_score_months() -%}
    {%- set tickets_since = watermark(column='_ticket_load_id') -%}
    {%- set visits_since = watermark(column='_visit_load_id') -%}
    with changed_ticket as (
        select ticket_no, sub_no, _months
        from {{ ref('topic_hotline_ticket') }}
        where _load_id > {{ tickets_since }}
    ),

    touched as (
        select ticket_no, sub_no from changed_ticket
        union
        select ticket_no, sub_no from {{ ref('topic_hotline_visit') }} where _load_id > {{ visits_since }}
    ),

    their_visit as (
        select v._months
        from {{ ref('topic_hotline_visit') }} as v
        inner join touched as t on v.ticket_no = t.ticket_no and v.sub_no = t.sub_no
    )

    {{ months_of('changed_ticket') }}
    union
    {{ months_of('their_visit') }}
    union
    {{ unfinished_months() }}
{%- endmacro %}

{% macro grid_timeliness_months() -%}
    with changed_case as (
        select _months
        from {{ ref('topic_grid_case') }}
        where _load_id > {{ watermark() }}
    )

    {{ months_of('changed_case') }}
    union
    {{ unfinished_months() }}
{%- endmacro %}
