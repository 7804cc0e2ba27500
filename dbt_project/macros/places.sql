{# Where things are: the neighbourhoods in which they are sought, codes of cells and divisions. #}

{# Number of the stripe of `width` degrees in which a coordinate lies. #}
{% macro stripe(coordinate, width=0.01) -%}
    cast(floor({{ coordinate }} / {{ width }}) as bigint)
{%- endmacro %}

{# The rows of `relation` once for each of the nine squares of `width` degrees round their point, as `square_x`,
   `square_y`: what is nearer than `width` is found by an equality of squares. #}
{% macro in_squares_around(relation, lon='lon', lat='lat', width=0.01) -%}
    select
        near.*,
        {{ stripe('near.' ~ lon, width) }} + east.step as square_x,
        {{ stripe('near.' ~ lat, width) }} + north.step as square_y
    from {{ relation }} as near
    cross join (select -1 as step union all select 0 as step union all select 1 as step) as east
    cross join (select -1 as step union all select 0 as step union all select 1 as step) as north
{%- endmacro %}

{# Whether a text is a code of a grid cell: 15 digits (district 6, street 3, community 3, sequence 3), or 14 in the
   numbering of 2005 with a sequence of two (GB/T 30428.1-2013, CJ/T 213-2005). `grid_code_15` writes either with 15. #}
{% macro is_grid_code(expression) -%}
    {{ has_match(expression, '^[1-9][0-9]{13,14}$') }}
{%- endmacro %}

{# The division a code of a division or grid cell stands for at a level: 3 district, 4 street, 5 community. #}
{% macro division_of_code(expression, level) -%}
    {%- set digits = {3: 6, 4: 9, 5: 12}[level] -%}
    case when length({{ expression }}) >= {{ digits }} then substr({{ expression }}, 1, {{ digits }}) end
{%- endmacro %}

{# Join under the name `alias` of what became of the division `code` when it ceased before `day`; from
   base_division_change, in which chains of changes are followed to their end. #}
{% macro division_changed(alias, code, day) -%}
    left join {{ ref('base_division_change') }} as {{ alias }}
        on {{ code }} = {{ alias }}.old_code and {{ day }} >= {{ alias }}.changed_on
{%- endmacro %}
