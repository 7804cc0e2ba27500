{# What the themes count, and which months each must restate. #}

{# Tickets that are evaluated unless they are excluded: not deleted, no question and no praise, handled by someone. #}
{% macro is_evaluated(alias=none) -%}
    {%- set prefix = alias ~ '.' if alias else '' -%}
    not {{ prefix }}is_deleted
        and {{ prefix }}ticket_type_code not in ('consult', 'consultation', 'praise')
        and {{ prefix }}undertake_org_code is not null
{%- endmacro %}

{# Tickets that count in the three rates: evaluated, and not excluded. #}
{% macro is_scored(alias=none) -%}
    {{ is_evaluated(alias) }}
        and {{ alias ~ '.' if alias else '' }}excluded_reason_code is null
{%- endmacro %}

{# Tickets whose first contact fell due in the months, as far as these are past, with what counts in the rates. #}
{% macro hotline_due_tickets(months) -%}
    select
        ticket_no,
        sub_no,
        {{ month_of('contact_due_at') }} as month,
        first_org_code,
        undertake_org_code,
        excluded_reason_code is not null as is_excluded,
        coalesce(first_contact_time <= contact_due_at, false) as is_contacted_in_time
    from {{ ref('topic_hotline_ticket') }}
    where
        {{ is_evaluated() }}
        and {{ in_months('contact_due_at', months) }}
        and contact_due_at < {{ reckoned_until(month_of('contact_due_at')) }}
{%- endmacro %}

{# The last visit of every scored ticket, where it lies in the months; answers of callers who were not reached do not
   count. No visit before the first of the months can be a ticket's last one if one within is not. #}
{% macro hotline_last_visits(months) -%}
    select
        t.ticket_no,
        t.sub_no,
        {{ month_of('v.visit_time') }} as month,
        t.undertake_org_code,
        v.is_reached,
        case when v.is_reached then v.resolved_code end as resolved_code,
        case when v.is_reached then v.satisfied_code end as satisfied_code
    from (
        select
            *,
            row_number() over (partition by ticket_no, sub_no order by visit_time desc, visit_no desc) as recency
        from {{ ref('topic_hotline_visit') }}
        where not is_deleted and {{ since_months('visit_time', months) }}
    ) as v
    inner join {{ ref('topic_hotline_ticket') }} as t on v.ticket_no = t.ticket_no and v.sub_no = t.sub_no
    where v.recency = 1 and {{ is_scored('t') }} and {{ in_months('v.visit_time', months) }}
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

{% macro hotline_topic_months() -%}
    with changed_ticket as (
        select _months
        from {{ ref('topic_hotline_ticket') }}
        where _load_id > {{ watermark() }}
    )

    {{ months_of('changed_ticket') }}
{%- endmacro %}
