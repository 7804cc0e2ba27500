{# What became of alarms, of lifelines and of vital signs alike, by the duty log. #}

{# CTE `handled`, one row per alarm of which the log tells: when somebody first saw it, the last verdict and its time
   (of two at one moment the one that says false), when the incident came, when it was closed, and the case it was
   passed on as. `also` is a relation of more entries. #}
{% macro alarm_handling(also=none) -%}
    entry as (
        select alarm_id, action_code, acted_at, case_no
        from {{ ref('topic_alarm_action') }}
        where not is_deleted
        {%- if also %}
        union all
        select alarm_id, action_code, acted_at, case_no
        from {{ also }}
        {%- endif %}
    ),

    action as (
        select
            alarm_id,
            min(case when action_code = 'ack' then acted_at end) as acknowledged_at,
            max(case when action_code in ('effective', 'false') then acted_at end) as confirmed_at,
            min(case when action_code = 'incident' then acted_at end) as incident_at,
            max(case when action_code = 'closed' then acted_at end) as closed_at,
            max(case_no) as case_no
        from entry
        group by alarm_id
    ),

    verdict as (
        select a.alarm_id, max(a.action_code) as confirm_code
        from entry as a
        inner join action as l on a.alarm_id = l.alarm_id and a.acted_at = l.confirmed_at
        where a.action_code in ('effective', 'false')
        group by a.alarm_id
    ),

    handled as (
        select
            action.*,
            verdict.confirm_code
        from action
        left join verdict on action.alarm_id = verdict.alarm_id
    )
{%- endmacro %}
