{# Chinese identifiers, by the same SQL that the rules of contracts call by these names (catalog/identifiers.py). #}

{% macro identifier(name, expression) -%}
    ({{ var('identifiers')[name] | replace('{value}', expression) }})
{%- endmacro %}

{# Whether a unified social credit code (GB 32100) is sound; NULL for none. #}
{% macro is_uscc(expression) -%}
    {{ identifier('is_uscc', expression) }}
{%- endmacro %}

{# Whether the code of the subject in a unified social credit code fits its own check character (GB 11714). #}
{% macro is_subject_code(expression) -%}
    {{ identifier('is_subject_code', expression) }}
{%- endmacro %}

{# Whether a resident number (GB 11643) of 18 or 15 digits is sound; NULL for none. #}
{% macro is_person_id(expression) -%}
    {{ identifier('is_person_id', expression) }}
{%- endmacro %}

{# A sound resident number with 18 digits and a capital X. #}
{% macro person_id_18(expression) -%}
    {{ identifier('person_id_18', expression) }}
{%- endmacro %}

{# Day of birth, and sex (M or F), of a resident number of 18 digits. #}
{% macro person_born_on(expression) -%}
    {{ identifier('person_born_on', expression) }}
{%- endmacro %}
{% macro person_sex(expression) -%}
    {{ identifier('person_sex', expression) }}
{%- endmacro %}

{# The check character of the first 21 characters of a city code (ISO 7064 MOD 37,36), and whether 22 are sound; NULL
   for none. #}
{% macro city_code_check(expression) -%}
    {{ identifier('city_code_check', expression) }}
{%- endmacro %}
{% macro is_city_code(expression) -%}
    {{ identifier('is_city_code', expression) }}
{%- endmacro %}
