{# Statistics in SQL: tails of distributions, false-discovery control, local clusters. Portable, without loops. #}

{# The largest count a Poisson tail is summed for; beyond it the normal distribution is near enough. #}
{% macro largest_count() -%}
    {{ return(1000) }}
{%- endmacro %}

{# CTE `factorial`: the natural logarithm of n! for n from 0. #}
{% macro factorials() -%}
    factorial as (
        select
            n,
            sum(case when n > 0 then ln(n) else 0 end) over (order by n rows between unbounded preceding and current row) as log_value
        from ({{ integers_to(largest_count()) }}) as whole
    )
{%- endmacro %}

{# Query of `key`, and of the chance to find `count` cases or more where `mean` are expected, P(Poisson(mean) >= count),
   as `p_value`; the mean is positive. Needs the CTE `factorial`. A tail below the precision of a double is 0. #}
{% macro poisson_tail(relation, key, count, mean) -%}
    select
        {% for column in key %}c.{{ column }}, {% endfor %}
        case
            when max(c.{{ count }}) > {{ largest_count() }}
                then case when max(c.{{ count }}) > max(c.{{ mean }}) + 6 * sqrt(max(c.{{ mean }})) then 0 else 1 end
            else greatest(0, 1 - coalesce(sum(exp(f.n * ln(c.{{ mean }}) - c.{{ mean }} - f.log_value)), 0))
        end as p_value
    from {{ relation }} as c
    left join factorial as f on f.n < c.{{ count }}
    group by {% for column in key %}c.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}

{# Query of `relation` with `is_discovery`: whether Benjamini and Hochberg reject at the rate `rate`, within `groups`. The
   largest rank r with p_(r) <= rate * r / m counts, and every p not above p_(r). #}
{% macro discoveries(relation, groups, rate) -%}
    select
        ranked.*,
        coalesce(
            ranked.p_value <= max(case when ranked.p_value <= {{ rate }} * ranked.p_rank / ranked.tests then ranked.p_value end)
                over (partition by {{ groups | join(', ') }}),
            false
        ) as is_discovery
    from (
        select
            *,
            row_number() over (partition by {{ groups | join(', ') }} order by p_value) as p_rank,
            count(*) over (partition by {{ groups | join(', ') }}) as tests
        from {{ relation }}
    ) as ranked
{%- endmacro %}

{# Getis and Ord's Gi* of binary weights: `near_sum` the sum over the place and its neighbours, `near` how many these are,
   of `places` places with the mean `mean` and the standard deviation `deviation`. NULL where it has no meaning. #}
{% macro local_cluster(near_sum, near, places, mean, deviation) -%}
    case
        when {{ places }} > 1 and {{ deviation }} > 0 and {{ near }} < {{ places }}
            then ({{ near_sum }} - {{ mean }} * {{ near }})
                / ({{ deviation }} * sqrt((cast({{ places }} as double) * {{ near }} - {{ near }} * {{ near }}) / ({{ places }} - 1)))
    end
{%- endmacro %}

{# The z of two shares, `now` of `all_now` against `before` of `all_before`, under the hypothesis that they are one. #}
{% macro share_change(now, all_now, before, all_before) -%}
    case
        when {{ all_now }} > 0 and {{ all_before }} > 0
            and {{ now }} + {{ before }} > 0 and {{ now }} + {{ before }} < {{ all_now }} + {{ all_before }}
            then (cast({{ now }} as double) / {{ all_now }} - cast({{ before }} as double) / {{ all_before }})
                / sqrt(
                    (cast({{ now }} + {{ before }} as double) / ({{ all_now }} + {{ all_before }}))
                    * (1 - cast({{ now }} + {{ before }} as double) / ({{ all_now }} + {{ all_before }}))
                    * (1.0 / {{ all_now }} + 1.0 / {{ all_before }})
                )
    end
{%- endmacro %}
