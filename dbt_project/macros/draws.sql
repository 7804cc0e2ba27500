{# The double-random draw: seeded, so that who knows pool and seed can make it again. Like catalog/draw.py. #}

{# SHA-256 of the lines kind|code|grade of a pool, in the order of their bytes, joined by line feeds; an aggregate. #}
{% macro pool_digest(kind, code, grade) -%}
    {%- set line = "concat(" ~ kind ~ ", '|', " ~ code ~ ", '|', coalesce(" ~ grade ~ ", ''))" -%}
    {{ sha256_hex(dbt.listagg(line, "chr(10)", "order by " ~ line)) }}
{%- endmacro %}

{# The text by whose order members are drawn: SHA-256 of the seed and the codes, joined by colons. #}
{% macro draw_digest(seed, codes) -%}
    case
        when {{ seed }} is not null
            then {{ sha256_hex("concat(" ~ seed ~ ", ':', " ~ codes | join(", ':', ") ~ ")") }}
    end
{%- endmacro %}

{# The share of a credit grade that is drawn on a day, from the CTE `parameter`. #}
{% macro draw_rate(grade, day) -%}
    case {{ grade }}
        {%- for name, share in [('a', 0.01), ('b', 0.03), ('c', 0.1), ('d', 0.3)] %}
        when '{{ name | upper }}' then {{ parameter('draw.rate.' ~ name, share, day) }}
        {%- endfor %}
    end
{%- endmacro %}

{# How many of `members` are drawn: their share rounded up, so that of no grade nobody is. Rounded to a millionth first,
   for 0.07 times 100 is a little more than 7. #}
{% macro draw_quota(members, rate) -%}
    ceil(round({{ members }} * {{ rate }}, 6))
{%- endmacro %}
