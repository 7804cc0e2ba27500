{# Vital signs: which days are looked at, how a value becomes a level, how a level holds against noise. #}

{# Levels from 1 (blue) to 4 (red); 0 is green. #}
{% macro sign_levels() -%}
    {{ return(['blue', 'yellow', 'orange', 'red']) }}
{%- endmacro %}

{# The day so many days before the day of the run, from the CTE `parameter`: the days that are kept
   (vital.history_days), and with `lead` those before them that windows and levels reach back to. #}
{% macro sign_days_since(lead=false) -%}
    {{ date_plus(
        'day',
        '-(' ~ parameter('vital.history_days', 90, as_of())
            ~ (' + ' ~ parameter('vital.lead_days', 90, as_of()) if lead else '') ~ ')',
        as_of()
    ) }}
{%- endmacro %}

{# 0 to 4 for a value by the thresholds of `sign`, NULL when there is no value. Bad is what is high, what is low, or
   what is off its target by so much; a threshold that is not set is not reached. #}
{% macro sign_rank(value, sign) -%}
    case
        when {{ value }} is null then null
        {%- for level in sign_levels() | reverse %}
        when
            ({{ sign }}.direction = 'high' and {{ value }} >= {{ sign }}.{{ level }})
            or ({{ sign }}.direction = 'low' and {{ value }} <= {{ sign }}.{{ level }})
            or ({{ sign }}.direction = 'band' and abs({{ value }} - {{ sign }}.target) >= {{ sign }}.{{ level }})
            then {{ 4 - loop.index0 }}
        {%- endfor %}
        else 0
    end
{%- endmacro %}

{# The name of a level by its rank. #}
{% macro sign_level(rank) -%}
    case {{ rank }}
        when 0 then 'green'
        {%- for level in sign_levels() %}
        when {{ loop.index }} then '{{ level }}'
        {%- endfor %}
    end
{%- endmacro %}

{# Hours between two evaluations of a sign; after twice as many without news it is stale. #}
{% macro sign_hours(frequency) -%}
    case {{ frequency }} when 'day' then 24 when 'week' then 168 when 'month' then 744 end
{%- endmacro %}

{# Whether a sign is evaluated on a day: each day, on Sundays, on the last day of a month. #}
{% macro sign_is_due(frequency, day) -%}
    case {{ frequency }}
        when 'day' then true
        when 'week' then {{ day }} = {{ date_plus('day', 6, week_of(day)) }}
        when 'month' then {{ day }} = {{ date_plus('day', -1, date_plus('month', 1, month_of(day))) }}
    end
{%- endmacro %}

{# The rank each row of `relation` is held at. A rise takes `up_n` evaluations in a row, a fall `down_m`, and stale
   evaluations are passed over. For each level this is a switch: on after so many at or above it, off after so many
   below it, and as it was otherwise; the rank held is the number of switches that are on. So one pass over windows
   does what would else be a walk along the time. The first evaluation counts at once.

   `relation` has sign_code, area_code, day, up_n, down_m and `rank`, which is not NULL. #}
{% macro held_ranks(relation) -%}
    select
        *,
        {%- for level in sign_levels() %}
        case when coalesce(on_{{ loop.index }}, 0) > coalesce(off_{{ loop.index }}, 0) then 1 else 0 end
        {{- ' +' if not loop.last else ' as held_rank' }}
        {%- endfor %}
    from (
        select
            *,
            {%- for level in sign_levels() %}
            {%- set k = loop.index %}
            max(case when rank >= {{ k }} and (turn = 1 or turn - coalesce(below_{{ k }}, 0) >= up_n) then turn end)
                over so_far as on_{{ k }},
            max(case when rank < {{ k }} and (turn = 1 or turn - coalesce(above_{{ k }}, 0) >= down_m) then turn end)
                over so_far as off_{{ k }}{{ ',' if not loop.last }}
            {%- endfor %}
        from (
            select
                *,
                {%- for level in sign_levels() %}
                max(case when rank < {{ loop.index }} then turn end) over so_far as below_{{ loop.index }},
                max(case when rank >= {{ loop.index }} then turn end) over so_far as above_{{ loop.index }}
                {{- ',' if not loop.last }}
                {%- endfor %}
            from (
                select *, row_number() over (partition by sign_code, area_code order by day) as turn
                from {{ relation }}
            ) as numbered
            window so_far as (partition by sign_code, area_code order by turn)
        ) as run
        window so_far as (partition by sign_code, area_code order by turn)
    ) as switched
{%- endmacro %}

{# No vital sign that is stale has a level. Returns the rows that have. #}
{% test never_green_when_stale(model) %}
    select sign_code, area_code, day, level_code
    from {{ model }}
    where is_stale and (level_code <> 'stale' or reached_level_code is not null or held_rank is not null)
{% endtest %}
