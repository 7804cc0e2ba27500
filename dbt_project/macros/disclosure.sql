{# Disclosure control: what is shown of single rows and of small counts. #}

{# Thresholds: rows alike in all quasi-identifiers and different sensitive values among them, from the CTE `parameter`
   on a day; the smallest count that is shown is the policy's. #}
{% macro smallest_group(day) -%}
    {{ parameter('disclosure.k', 5, day) }}
{%- endmacro %}
{% macro smallest_variety(day) -%}
    {{ parameter('disclosure.l', 2, day) }}
{%- endmacro %}
{% macro smallest_cell() -%}
    {{ var('minimum_cell') }}
{%- endmacro %}

{# CTEs up to `generalised`: the rows of `relation` with the step of the ladder on which each may be shown as `detail`.

   `ladder` lists, from fine to coarse, the columns that are shown on a step. A row stands on the first step on which
   enough rows that found no place before it are alike in those columns, and differ enough in the column `sensitive`.
   `carried` are the columns that come along.
   On the last step the sensitive value is not shown, so only their number counts. Rows that find no place have no
   `detail` and must be left out. The columns of the ladder must not be NULL. Needs the CTE `parameter`. #}
{% macro generalised(relation, ladder, sensitive, carried, day) -%}
    threshold as (
        select {{ smallest_group(day) }} as k, {{ smallest_variety(day) }} as l
    ),

    step_0 as (
        select *, cast(null as integer) as detail from {{ relation }}
    ),
    {%- for columns in ladder %}
    {%- set before, step = 'step_' ~ loop.index0, loop.index %}

    class_{{ step }} as (
        select
            {%- for column in columns %}
            {{ column }},
            {%- endfor %}
            count(*) as members,
            count(distinct coalesce({{ sensitive }}, '')) as variety
        from {{ before }}
        where detail is null
        {%- if columns %}
        group by {{ columns | join(', ') }}
        {%- endif %}
    ),

    {{ 'generalised' if loop.last else 'step_' ~ step }} as (
        select
            {%- for column in carried %}
            {{ before }}.{{ column }},
            {%- endfor %}
            coalesce(
                {{ before }}.detail,
                case
                    when class.members >= threshold.k {{ '' if loop.last else 'and class.variety >= threshold.l' }}
                        then {{ step }}
                end
            ) as detail
        from {{ before }}
        cross join threshold
        {%- if columns %}
        left join class_{{ step }} as class
            on
                {%- for column in columns %}
                {{ 'and ' if not loop.first }}{{ before }}.{{ column }} = class.{{ column }}
                {%- endfor %}
        {%- else %}
        cross join class_{{ step }} as class
        {%- endif %}
    ){{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# A column of the ladder as it is shown: its value on the steps that have it, else nothing. #}
{% macro on_ladder(column, ladder, value=none) -%}
    {%- set found = namespace(steps=[]) -%}
    {%- for columns in ladder -%}
        {%- if column in columns -%}{%- set found.steps = found.steps + [loop.index] -%}{%- endif -%}
    {%- endfor -%}
    case when detail in ({{ found.steps | join(', ') }}) then {{ value or "nullif(" ~ column ~ ", '')" }} end
{%- endmacro %}

{# How many columns of the finest step a row does not show. #}
{% macro left_out_on_ladder(ladder) -%}
    case detail
        {%- for columns in ladder %}
        when {{ loop.index }} then {{ ladder[0] | reject('in', columns) | list | length }}
        {%- endfor %}
    end
{%- endmacro %}

{# Cells of a table of counts that must not be shown, so that neither a small count can be read nor be worked out from
   totals of rows and columns that stand elsewhere. A select of `within`, `across`, `down`.

   Every small cell is hidden together with three others that form a rectangle with it: then its value can be moved up
   and down without any total telling. Of its row the smallest count that is large enough is taken, then the row that
   loses least. A corner that has no count stands for nothing and is to be listed as hidden. `cells` is a relation of
   the columns `within` (one table each), `across`, `down` and `measure`; `smallest` a select of the smallest count
   that may be shown. Ties are broken by code, so that the same counts hide the same cells. #}
{% macro hidden_cells(cells, within, across, down, measure, smallest) -%}
    select distinct corner.{{ within }}, corner.{{ across }}, corner.{{ down }}
    from (
        with measured as (
            select {{ within }}, {{ across }}, {{ down }}, {{ measure }} as amount from {{ cells }}
        ),

        limits as (
            {{ smallest }}
        ),

        side as (
            select distinct {{ across }} from measured
        ),

        head as (
            select distinct {{ down }} from measured
        ),

        small as (
            select m.{{ within }}, m.{{ across }}, m.{{ down }}
            from measured as m
            cross join limits
            where m.amount < limits.smallest
        ),

        rectangle as (
            select
                s.{{ within }},
                s.{{ across }},
                s.{{ down }},
                side.{{ across }} as other_{{ across }},
                head.{{ down }} as other_{{ down }},
                row_number() over (
                    partition by s.{{ within }}, s.{{ across }}, s.{{ down }}
                    order by
                        case
                            when a.amount >= limits.smallest and b.amount >= limits.smallest and c.amount > 0 then 0
                            when a.amount > 0 and b.amount > 0 and c.amount > 0 then 1
                            when c.amount > 0 then 2
                            when a.amount > 0 and b.amount > 0 then 3
                            else 4
                        end,
                        coalesce(a.amount, 0) + coalesce(b.amount, 0) + coalesce(c.amount, 0),
                        side.{{ across }},
                        head.{{ down }}
                ) as place
            from small as s
            cross join limits
            inner join head on s.{{ down }} <> head.{{ down }}
            inner join side on s.{{ across }} <> side.{{ across }}
            left join measured as a
                on
                    s.{{ within }} = a.{{ within }}
                    and s.{{ across }} = a.{{ across }}
                    and head.{{ down }} = a.{{ down }}
            left join measured as b
                on
                    s.{{ within }} = b.{{ within }}
                    and side.{{ across }} = b.{{ across }}
                    and s.{{ down }} = b.{{ down }}
            left join measured as c
                on
                    s.{{ within }} = c.{{ within }}
                    and side.{{ across }} = c.{{ across }}
                    and head.{{ down }} = c.{{ down }}
        ),

        chosen as (
            select * from rectangle where place = 1
        )

        select {{ within }}, {{ across }}, {{ down }} from small
        union all
        select {{ within }}, {{ across }}, other_{{ down }} as {{ down }} from chosen
        union all
        select {{ within }}, other_{{ across }} as {{ across }}, {{ down }} from chosen
        union all
        select {{ within }}, other_{{ across }} as {{ across }}, other_{{ down }} as {{ down }} from chosen
    ) as corner
{%- endmacro %}
