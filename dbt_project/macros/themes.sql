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

{% macro grid_months() -%}
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

{# The grid cases that count, once for every unit they belong to: who handles them, where they are, what they are, and
   the whole city. `columns` are kept. #}
{% macro grid_units(relation, columns) -%}
    {%- for dimension, code in [
        ('organisation', 'handle_org_code'), ('district', 'district_code'), ('street', 'street_code'),
        ('class', 'class_code'), ('city', "'city'")
    ] %}
    select '{{ dimension }}' as dimension, {{ code }} as unit_code, {{ columns | join(', ') }}
    from {{ relation }}
    where {{ code }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# What a grid case counts for: a row for every count it is part of, with the month of that count as `month` and, of a
   rate, whether it stands in the numerator. Void cases count nowhere; a case counts as it stood when the part of the
   month that is past was over. #}
{% macro grid_counts(months) -%}
    {%- set proactive = "source_channel_code in ('inspector', 'patrol', 'ai')" -%}
    {%- for measure, day, counted, condition in [
        ('filing', 'report_at', 'file_at < ' ~ reckoned_until(month_of('report_at')), 'true'),
        ('proactive', 'file_at', proactive, 'true'),
        ('dispatch', 'dispatch_at', 'return_count = 0', 'true'),
        ('handling', 'due_at', 'handle_at < ' ~ reckoned_until(month_of('due_at')), 'true'),
        ('timely', 'due_at', 'handle_at < ' ~ reckoned_until(month_of('due_at')) ~ ' and handle_at <= due_at', 'true'),
        ('rework', 'due_at', 'rework_count > 0', 'handle_at < ' ~ reckoned_until(month_of('due_at'))),
        ('closing', 'close_due_at', 'close_at < ' ~ reckoned_until(month_of('close_due_at')), 'true'),
        ('timely_closing', 'close_due_at', 'close_at < ' ~ reckoned_until(month_of('close_due_at')) ~ ' and close_at <= close_due_at', 'true')
    ] %}
    select
        '{{ measure }}' as measure,
        {{ month_of(day) }} as month,
        case_no,
        handle_org_code,
        district_code,
        street_code,
        class_code,
        coalesce({{ counted }}, false) as is_counted,
        {{ 'handle_work_minutes' if measure == 'handling' else 'cast(null as bigint)' }} as work_minutes
    from {{ ref('topic_grid_case') }}
    where
        not is_deleted
        and not is_void
        and {{ in_months(day, months) }}
        and {{ day }} < {{ reckoned_until(month_of(day)) }}
        and {{ condition }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
