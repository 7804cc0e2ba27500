{# Look-ups in the base library: parameters, divisions, code names, working time.

   Reading a table of the lake has a fixed price, however small the table: a model reads each once, in a CTE of the
   name given here, and looks up in that as often as it likes. #}

{# CTE `parameter`: the city's parameters. #}
{% macro parameters() -%}
    parameter as (
        select name, value, valid_from, valid_to from {{ source('vocab', 'parameter') }}
    )
{%- endmacro %}

{# CTE `parameter` for open models, which read the base library and no vocabulary. #}
{% macro parameters_of_base() -%}
    parameter as (
        select parameter_name as name, parameter_value as value, valid_from, valid_to from {{ ref('base_parameter') }}
    )
{%- endmacro %}

{# The value of a parameter on a day, from the CTE `parameter`; `fallback` when the city does not state it. #}
{% macro parameter(name, fallback, day) -%}
    coalesce((
        select max(setting.value)
        from parameter as setting
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

{# CTE `code_now`: the present names of all codes. #}
{% macro codes_now() -%}
    code_now as (
        select scheme, code, name, name_en from {{ ref('base_code') }}
        where is_current
    )
{%- endmacro %}

{# Join of the present name of a code, from the CTE `code_now`, under the name `alias`. #}
{% macro code_name(alias, scheme, code) -%}
    left join code_now as {{ alias }}
        on {{ alias }}.scheme = '{{ scheme }}' and {{ alias }}.code = {{ code }}
{%- endmacro %}

{# CTEs `calendar` and `clock`: the working days, and the working minutes of a day. #}
{% macro working_time() -%}
    calendar as (
        select day, is_working, work_days_before, work_minutes_before from {{ ref('base_calendar') }}
    ),

    clock as (
        select minute_of_day, minutes_worked from {{ ref('base_work_clock') }}
    )
{%- endmacro %}

{# CTEs beside those of `working_time`, for `work_end`: the working days alone, the first minute at which so much of a
   day is worked, and how much a day has. #}
{% macro working_ends() -%}
    working_day as (
        select day, work_days_before, work_minutes_before from calendar where is_working
    ),

    clock_end as (
        select minutes_worked, min(minute_of_day) as minute_of_day from clock group by minutes_worked
    ),

    day_length as (
        select max(minutes_worked) as minutes from clock
    )
{%- endmacro %}

{# Joins of the CTEs `calendar` and `clock` that make `work_minutes` know a time under the name `alias`. #}
{% macro work_clock(alias, time) -%}
    left join calendar as {{ alias }}_day on cast({{ time }} as date) = {{ alias }}_day.day
    left join clock as {{ alias }}_clock on {{ minute_of_day(time) }} = {{ alias }}_clock.minute_of_day
{%- endmacro %}

{% macro worked_minutes(alias) -%}
    ({{ alias }}_day.work_minutes_before
        + case when {{ alias }}_day.is_working then {{ alias }}_clock.minutes_worked else 0 end)
{%- endmacro %}

{# Working minutes between two times joined by `work_clock`; NULL when either is missing or beyond the calendar. #}
{% macro work_minutes(since, until) -%}
    cast({{ worked_minutes(until) }} - {{ worked_minutes(since) }} as bigint)
{%- endmacro %}

{# Joins that find the moment at which so many working minutes have passed since the time joined by `work_clock` as
   `since`, under the name `alias`; the CTE `day_length` is joined before. `work_end` is that moment, NULL where there
   are no minutes or the calendar ends. #}
{% macro work_end_clock(alias, since, minutes) -%}
    left join working_day as {{ alias }}_day
        on cast(floor(({{ worked_minutes(since) }} + {{ minutes }} - 1) / day_length.minutes) as bigint) = {{ alias }}_day.work_days_before
    left join clock_end as {{ alias }}_clock
        on cast({{ worked_minutes(since) }} + {{ minutes }} as bigint) - {{ alias }}_day.work_minutes_before = {{ alias }}_clock.minutes_worked
{%- endmacro %}

{% macro work_end(alias) -%}
    {{ hours_after('cast(' ~ alias ~ '_day.day as timestamp)', alias ~ '_clock.minute_of_day / 60.0') }}
{%- endmacro %}
