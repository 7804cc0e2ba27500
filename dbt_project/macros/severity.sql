{# How grave a penalty is, when the authority does not say so. #}

{# Severity by category of penalty. A city that grades otherwise delivers the severity in its staging. #}
{% macro severity_by_category() -%}
    {{ return([
        ('warning', 'minor'), ('criticism', 'minor'), ('other', 'minor'), ('published', 'minor'),
        ('confiscate_income', 'general'), ('confiscate_goods', 'general'), ('restrict_business', 'general'),
        ('suspend_licence', 'general'), ('suspend_business', 'general'), ('downgrade', 'general'),
        ('close', 'serious'), ('restrict_employment', 'serious'), ('revoke_licence', 'serious'),
        ('detention', 'serious')
    ]) }}
{%- endmacro %}

{# 3 serious, 2 general, 1 minor, 0 unknown: the gravest category of a ';'-joined list. #}
{% macro category_rank(category_codes) -%}
    greatest(
        0
        {%- for category, severity in severity_by_category() %},
        case
            when concat(';', {{ category_codes }}, ';') like '%;{{ category }};%'
                then {{ {'minor': 1, 'general': 2, 'serious': 3}[severity] }}
            else 0
        end
        {%- endfor %}
    )
{%- endmacro %}

{# 3, 2, 1 or 0 by the amount of a fine: large from penalty.fine.general, huge from penalty.fine.serious. A fine
   without an amount counts as large. #}
{% macro fine_rank(fine, category_codes, day) -%}
    case
        when coalesce({{ fine }}, 0) <= 0
            then case when concat(';', {{ category_codes }}, ';') like '%;fine;%' then 2 else 0 end
        when {{ fine }} >= {{ parameter('penalty.fine.serious', 1000000, day) }} then 3
        when {{ fine }} >= {{ parameter('penalty.fine.general', 1000, day) }} then 2
        else 1
    end
{%- endmacro %}

{% macro severity_of_rank(rank) -%}
    case {{ rank }} when 3 then 'serious' when 2 then 'general' when 1 then 'minor' end
{%- endmacro %}
