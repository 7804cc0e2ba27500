{# What SQL dialects say differently. Models use these, never an engine's own function. #}

{% macro month_of(expression) -%}
    cast({{ dbt.date_trunc('month', expression) }} as date)
{%- endmacro %}

{% macro week_of(expression) -%}
    cast({{ dbt.date_trunc('week', expression) }} as date)
{%- endmacro %}

{% macro year_of(expression) -%}
    cast({{ dbt.date_trunc('year', expression) }} as date)
{%- endmacro %}

{% macro hour_of(expression) -%}
    cast({{ dbt.date_trunc('hour', expression) }} as timestamp)
{%- endmacro %}

{# Seconds from one timestamp to another, fractions kept; negative when reversed. #}
{% macro seconds_between(since, until) -%}
    {{ return(adapter.dispatch('seconds_between', 'civiclake')(since, until)) }}
{%- endmacro %}
{% macro default__seconds_between(since, until) -%}
    (cast({{ until }} as double) - cast({{ since }} as double))
{%- endmacro %}
{% macro duckdb__seconds_between(since, until) -%}
    (epoch({{ until }}) - epoch({{ since }}))
{%- endmacro %}

{# Hours from one timestamp to another, rounded to whole ones; negative when reversed. #}
{% macro whole_hours_between(since, until) -%}
    cast(round({{ seconds_between(since, until) }} / 3600) as integer)
{%- endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(since, until) -%}
    {{ return(adapter.dispatch('days_between', 'civiclake')(since, until)) }}
{%- endmacro %}
{% macro default__days_between(since, until) -%}
    datediff({{ until }}, {{ since }})
{%- endmacro %}
{% macro duckdb__days_between(since, until) -%}
    date_diff('day', {{ since }}, {{ until }})
{%- endmacro %}

{# A day or time moved by a number of months, days …; the count may be an expression. #}
{% macro date_plus(unit, count, expression) -%}
    {{ return(adapter.dispatch('date_plus', 'civiclake')(unit, count, expression)) }}
{%- endmacro %}
{% macro default__date_plus(unit, count, expression) -%}
    cast(dateadd({{ unit }}, {{ count }}, {{ expression }}) as date)
{%- endmacro %}
{% macro duckdb__date_plus(unit, count, expression) -%}
    cast({{ expression }} + to_{{ unit }}s(cast({{ count }} as integer)) as date)
{%- endmacro %}

{% macro hours_after(expression, hours) -%}
    {{ return(adapter.dispatch('hours_after', 'civiclake')(expression, hours)) }}
{%- endmacro %}
{% macro default__hours_after(expression, hours) -%}
    ({{ expression }} + make_dt_interval(0, 0, 0, ({{ hours }}) * 3600))
{%- endmacro %}
{% macro duckdb__hours_after(expression, hours) -%}
    ({{ expression }} + to_seconds(({{ hours }}) * 3600))
{%- endmacro %}

{% macro minute_of_day(expression) -%}
    (extract(hour from {{ expression }}) * 60 + extract(minute from {{ expression }}))
{%- endmacro %}

{# Every match replaced; the pattern is one that RE2 and Java read alike, groups are written \1. #}
{% macro replace_matches(expression, pattern, replacement) -%}
    {{ return(adapter.dispatch('replace_matches', 'civiclake')(expression, pattern, replacement)) }}
{%- endmacro %}
{% macro default__replace_matches(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, r'{{ pattern }}', '{{ replacement | replace('\\', '$') }}')
{%- endmacro %}
{% macro duckdb__replace_matches(expression, pattern, replacement) -%}
    regexp_replace({{ expression }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{# The text of capture group 1 of the first match; NULL when nothing matches. #}
{% macro first_match(expression, pattern) -%}
    {{ return(adapter.dispatch('first_match', 'civiclake')(expression, pattern)) }}
{%- endmacro %}
{% macro default__first_match(expression, pattern) -%}
    nullif(regexp_extract({{ expression }}, r'{{ pattern }}', 1), '')
{%- endmacro %}
{% macro duckdb__first_match(expression, pattern) -%}
    nullif(regexp_extract({{ expression }}, '{{ pattern }}', 1), '')
{%- endmacro %}

{# SHA-256 of a text in lower-case hexadecimal. #}
{% macro sha256_hex(expression) -%}
    {{ return(adapter.dispatch('sha256_hex', 'civiclake')(expression)) }}
{%- endmacro %}
{% macro default__sha256_hex(expression) -%}
    sha2({{ expression }}, 256)
{%- endmacro %}
{% macro duckdb__sha256_hex(expression) -%}
    sha256({{ expression }})
{%- endmacro %}

{# One row per part of a delimited text: the columns of `columns` and the part as `part`. #}
{% macro split_rows(relation, columns, text, delimiter) -%}
    {{ return(adapter.dispatch('split_rows', 'civiclake')(relation, columns, text, delimiter)) }}
{%- endmacro %}
{% macro default__split_rows(relation, columns, text, delimiter) -%}
    select {{ columns | join(', ') }}, part from {{ relation }} lateral view explode(split({{ text }}, '{{ delimiter }}')) as part
{%- endmacro %}
{% macro duckdb__split_rows(relation, columns, text, delimiter) -%}
    select {{ columns | join(', ') }}{{ ', ' if columns }}unnest(string_split({{ text }}, '{{ delimiter }}')) as part from {{ relation }}
{%- endmacro %}

{# The integers from 0 to `last` as the column n. #}
{% macro integers_to(last) -%}
    {{ return(adapter.dispatch('integers_to', 'civiclake')(last)) }}
{%- endmacro %}
{% macro default__integers_to(last) -%}
    select explode(sequence(0, {{ last }})) as n
{%- endmacro %}
{% macro duckdb__integers_to(last) -%}
    select cast(range as integer) as n from range({{ last }} + 1)
{%- endmacro %}

{# What the run was told when it connected: the day as of which it speaks, the key of the pseudonyms. Session
   variables, because a secret or a date written into compiled SQL would be kept or would spoil partial parsing. #}
{% macro run_value(name) -%}
    {{ return(adapter.dispatch('run_value', 'civiclake')(name)) }}
{%- endmacro %}
{% macro default__run_value(name) -%}
    cast('${civiclake.{{ name }}}' as string)
{%- endmacro %}
{% macro duckdb__run_value(name) -%}
    cast(getvariable('civiclake_{{ name }}') as string)
{%- endmacro %}

{% macro as_of() -%}
    cast({{ run_value('as_of') }} as date)
{%- endmacro %}

{# Whether a pattern is found anywhere in a text. #}
{% macro has_match(expression, pattern) -%}
    {{ return(adapter.dispatch('has_match', 'civiclake')(expression, pattern)) }}
{%- endmacro %}
{% macro default__has_match(expression, pattern) -%}
    ({{ expression }} rlike r'{{ pattern }}')
{%- endmacro %}
{% macro duckdb__has_match(expression, pattern) -%}
    regexp_matches({{ expression }}, '{{ pattern }}')
{%- endmacro %}
