{# Which months a fact has ever counted in, and which months a theme must restate.

   A topic row keeps in `_months` every month it has counted in since it was first built. When a row moves from one
   month to another both are in the list, so a theme that follows the rows changed since its last build restates
   exactly the months they touch and no other. #}

{# The list of months `held` (or NULL) and the months of `days` not yet in it, as text 'yyyy-mm-dd;…'. #}
{% macro months_text(held, days) -%}
    concat_ws(
        ';',
        {{ held }}
        {%- for day in days %},
        case
            when
                {{ day }} is not null
                and coalesce({{ held }}, '') not like concat('%', cast({{ month_of(day) }} as string), '%')
                {%- for earlier in days[:loop.index0] %}
                and coalesce({{ month_of(earlier) }} <> {{ month_of(day) }}, true)
                {%- endfor %}
                then cast({{ month_of(day) }} as string)
        end
        {%- endfor %}
    )
{%- endmacro %}

{# Distinct months of the `_months` lists in `relation`, as the column `month`. #}
{% macro months_of(relation) -%}
    select distinct cast(part as date) as month
    from ({{ split_rows(relation, [], '_months', ';') }}) as listed
    where part <> ''
{%- endmacro %}

{# First moment after the part of a month that is past as of the run: its end, or the end of the day of the run. #}
{% macro reckoned_until(month, day=none) -%}
    least(
        cast({{ date_plus('month', 1, month) }} as timestamp),
        cast({{ date_plus('day', 1, day or as_of()) }} as timestamp)
    )
{%- endmacro %}

{# Last day on which a late delivery of a month is still accepted, by the lateness window of the feed's contract;
   afterwards the month changes only by corrections. #}
{% macro settles_on(feed, month) -%}
    {{ date_plus('day', var('lateness_days', {}).get(feed, 0) - 1, date_plus('month', 1, month)) }}
{%- endmacro %}

{# Months that were not over when the table being built was last reckoned: those it holds that have gone on since,
   and every month from the day it was last reckoned to the day of this run, of which it may hold no row yet. #}
{% macro unfinished_months() -%}
    select distinct month
    from {{ this }}
    where {{ reckoned_until('month', '_as_of') }} <> {{ reckoned_until('month') }}
    union
    select distinct {{ month_of('day') }} as month
    from {{ ref('base_calendar') }}
    where
        day >= (select {{ month_of('max(_as_of)') }} from {{ this }})
        and day <= {{ as_of() }}
        and {{ as_of() }} <> (select max(_as_of) from {{ this }})
{%- endmacro %}

{# The answer of a query of one date column as a list of SQL date literals. #}
{% macro date_literals(query) -%}
    {%- set literals = [] -%}
    {%- for value in run_query(query).columns[0].values() | sort -%}
        {%- do literals.append("cast('" ~ value ~ "' as date)") -%}
    {%- endfor -%}
    {{ return(literals) }}
{%- endmacro %}

{# Months a theme restates in this build; none on a full build, which writes all months. The model names in its
   configuration the macro that says so: the strategy below needs the same answer. #}
{% macro restated_months() -%}
    {%- if execute and is_incremental() -%}
        {{ return(date_literals(context[config.require('restates')]())) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{# Condition that a day or time lies in one of the restated months; true on a full build. #}
{% macro in_months(expression, months) -%}
    {%- if months is none -%}
        {{ expression }} is not null
    {%- elif months | length == 0 -%}
        false
    {%- else -%}
        {{ expression }} >= {{ months[0] }}
        and {{ expression }} < {{ date_plus('month', 1, months[-1]) }}
        {%- if months | length > 1 %}
        and {{ month_of(expression) }} in ({{ months | join(', ') }})
        {%- endif %}
    {%- endif -%}
{%- endmacro %}

{# Condition that a day or time is not before the first restated month; true on a full build. #}
{% macro since_months(expression, months) -%}
    {%- if months is none -%}
        {{ expression }} is not null
    {%- elif months | length == 0 -%}
        false
    {%- else -%}
        {{ expression }} >= {{ months[0] }}
    {%- endif -%}
{%- endmacro %}

{# Incremental strategy `restate`: the months said to be restated are removed and written anew, also when a month
   has lost its last row. #}
{% macro get_incremental_restate_sql(arguments) -%}
    {%- set months = restated_months() or ['cast(null as date)'] -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arguments['target_relation'] }} where month in ({{ months | join(', ') }});

    insert into {{ arguments['target_relation'] }} ({{ columns }})
    (
        select {{ columns }}
        from {{ arguments['temp_relation'] }}
    )
{%- endmacro %}
