{# Parking tariffs in words, such as 前15分钟免费，首小时6元，之后每小时4元，24小时封顶50元. #}

{# Whether a tariff says an amount, or that nothing is charged. #}
{% macro is_tariff_read(text) -%}
    coalesce({{ has_match(text, '[0-9]元') }} or {{ text }} = '免费', false)
{%- endmacro %}

{# One number of a tariff: free_minutes, first_hour_yuan, hourly_yuan or daily_cap_yuan. What costs nothing is 0; one
   price for every hour is that of the first, too; NULL when the tariff cannot be read, and where there is no cap. #}
{% macro tariff_amount(text, what) -%}
    {%- set amount = '([0-9]+([.][0-9]+)?)' -%}
    {%- set hourly = first_match(text, '每小时' ~ amount ~ '元') -%}
    {%- set said = {
        'free_minutes': first_match(text, '前([0-9]+)分钟免费'),
        'first_hour_yuan': 'coalesce(' ~ first_match(text, '首小时' ~ amount ~ '元') ~ ', ' ~ hourly ~ ')',
        'hourly_yuan': hourly,
        'daily_cap_yuan': first_match(text, '封顶' ~ amount ~ '元')
    }[what] -%}
    cast(
        case
            when {{ is_tariff_read(text) }}
                then {% if what == 'daily_cap_yuan' %}{{ said }}{% else %}coalesce({{ said }}, '0'){% endif %}
        end as {{ 'integer' if what == 'free_minutes' else 'decimal(9, 2)' }}
    )
{%- endmacro %}
