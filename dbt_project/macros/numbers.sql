{# A share of counts to six decimals; NULL, never 0 or 1, when there is nothing to share. #}
{% macro ratio(numerator, denominator) -%}
    cast(
        case
            when {{ denominator }} > 0 then cast({{ numerator }} as double) / {{ denominator }}
        end as decimal(9, 6)
    )
{%- endmacro %}

{# Exact percentile with interpolation. #}
{% macro percentile(expression, share) -%}
    {{ return(adapter.dispatch('percentile', 'civiclake')(expression, share)) }}
{%- endmacro %}
{% macro default__percentile(expression, share) -%}
    percentile({{ expression }}, {{ share }})
{%- endmacro %}
{% macro duckdb__percentile(expression, share) -%}
    quantile_cont({{ expression }}, {{ share }})
{%- endmacro %}
