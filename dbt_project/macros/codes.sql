{# City codes (城市码): what a code is made of, and what was issued before. A code has 22 characters: district 6, one of
   G, B, C and P, kind of space 1 (0 for none), class 4, number 9, and a check character (ISO 7064 MOD 37,36). #}

{# The last load of which codes were issued, by scheme of the things' own codes; empty on the first build and
   on a full one, for another kind may be coded now. A scheme issued for the first time begins with all there ever was. #}
{% macro codes_issued_until() -%}
    {%- set until = {} -%}
    {%- if execute and is_incremental() and not flags.FULL_REFRESH -%}
        {%- for scheme, load in run_query('select scheme, max(_load_id) from ' ~ this ~ ' group by scheme').rows -%}
            {%- do until.update({scheme: load}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(until) }}
{%- endmacro %}

{# The first version of every key of the relation `source` accepted after the load `since`: a code says what a thing was
   when it was first told of. #}
{% macro first_versions(source, key, since) -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by {{ key | join(', ') }} order by {{ version_order() | join(', ') }}
            ) as version_rank
        from ({{ versions_since(source, since) }}) as told
        where not is_deleted
    ) as ranked
    where version_rank = 1
{%- endmacro %}

{# Numbers drawn from a text are below this; those of things whose number was taken follow. #}
{% macro first_number_of_clashes() -%}
    900000000
{%- endmacro %}

{# A number from 0 that a text alone decides, so that it is the same whenever and with whatever else it is drawn. #}
{% macro number_of_text(expression) -%}
    {{ return(adapter.dispatch('number_of_text', 'civiclake')(expression)) }}
{%- endmacro %}
{% macro default__number_of_text(expression) -%}
    cast(conv(substr({{ sha256_hex(expression) }}, 1, 12), 16, 10) as bigint) % {{ first_number_of_clashes() }}
{%- endmacro %}
{% macro duckdb__number_of_text(expression) -%}
    cast(concat('0x', substr({{ sha256_hex(expression) }}, 1, 12)) as bigint) % {{ first_number_of_clashes() }}
{%- endmacro %}

{# The first 21 characters of a city code. #}
{% macro city_code_body(district, gbcp, space_type, class, number) -%}
    concat({{ district }}, {{ gbcp }}, {{ space_type }}, {{ class }}, lpad(cast({{ number }} as string), 9, '0'))
{%- endmacro %}

{# Codes and numbers of one series share district, GBCP and class. #}
{% macro code_series(code) -%}
    concat(substr({{ code }}, 1, 7), substr({{ code }}, 9, 4))
{%- endmacro %}
