{# Look-ups in the base library: parameters, divisions, code names, working time. #}

{# The value of a parameter on a day; `fallback` when the city does not state it. #}
{% macro parameter(name, fallback, day) -%}
    coalesce((
        select max(setting.value)
        from {{ source('vocab', 'parameter') }} as setting
        where
            setting.name = '{{ name }}'
            and {{ day }} >= coalesce(setting.valid_from, cast('1900-01-01' as date))
            and {{ day }} <= coalesce(setting.valid_to, cast('9999-12-31' as date))
    ), {{ fallback }})
{%- endmacro %}

{# Join of the division with a code as it was on a day, under the name `alias`. #}
{% macro division_on(alias, code, day) -%}
    left join {{ ref('base_division') }} as {{ alias }}
        on
            {{ code }} = {{ alias }}.division_code
            and {{ day }} >= {{ alias }}.valid_from
            and {{ day }} <= {{ alias }}.valid_to
{%- endmacro %}

{# Join of the present name of a code under the name `alias`. #}
{% macro code_name(alias, scheme, code) -%}
    left join {{ ref('base_code') }} as {{ alias }}
        on {{ alias }}.scheme = '{{ scheme }}' and {{ alias }}.code = {{ code }} and {{ alias }}.is_current
{%- endmacro %}

{# Joins that make `worked_minutes(alias)` known: working minutes from the first day of the calendar to a time. #}
{% macro work_clock(alias, time) -%}
    left join {{ ref('base_calendar') }} as {{ alias }}_day
        on cast({{ time }} as date) = {{ alias }}_day.day
    left join {{ ref('base_work_clock') }} as {{ alias }}_clock
        on {{ minute_of_day(time) }} = {{ alias }}_clock.minute_of_day
{%- endmacro %}

{% macro worked_minutes(alias) -%}
    ({{ alias }}_day.work_minutes_before
        + case when {{ alias }}_day.is_working then {{ alias }}_clock.minutes_worked else 0 end)
{%- endmacro %}

{# Working minutes between two times joined by `work_clock`; NULL when either is missing or beyond the calendar. #}
{% macro work_minutes(since, until) -%}
    cast({{ worked_minutes(until) }} - {{ worked_minutes(since) }} as bigint)
{%- endmacro %}
