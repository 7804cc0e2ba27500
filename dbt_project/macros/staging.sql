{# What a city's staging SQL needs again and again. #}

{# The bookkeeping columns of a landed row. `version_at` is the column that orders versions, if the source has one.
   A removal is noticed after the business day, so it follows every version of that day. #}
{% macro landed_bookkeeping(alias, version_at=none) -%}
    case
        when {{ alias }}._op = 'delete' then {{ hours_after('cast(' ~ alias ~ '._business_date as timestamp)', 24) }}
        else
            {%- if version_at %} coalesce({{ alias }}.{{ version_at }}, cast({{ alias }}._business_date as timestamp))
            {%- else %} cast({{ alias }}._business_date as timestamp)
            {%- endif %}
    end as version_at,
    {{ alias }}._op = 'delete' as is_deleted,
    {{ alias }}._batch_id,
    {{ alias }}._business_date,
    {{ alias }}._object_id,
    {{ alias }}._file_name,
    {{ alias }}._line,
    {{ alias }}._row_hash,
    {{ alias }}._flags,
    {{ alias }}._load_id,
    {{ alias }}._landed_at
{%- endmacro %}

{# Join of the crosswalk of one code scheme under the name `alias`; its `code` is the code of `value`. A model that
   joins several schemes reads the vocabulary once, in a CTE, and passes its name as `relation`. #}
{% macro crosswalk(alias, scheme, value, relation=none) -%}
    left join {{ relation or source('vocab', 'code_crosswalk') }} as {{ alias }}
        on {{ alias }}.scheme = '{{ scheme }}' and {{ alias }}.source_value = {{ value }}
{%- endmacro %}

{# Join of the organisation that is known as `value` under the name `alias`. #}
{% macro organisation_named(alias, value, relation=none) -%}
    left join {{ relation or source('vocab', 'organisation_alias') }} as {{ alias }}
        on {{ alias }}.alias = {{ value }}
{%- endmacro %}

{# Names of districts, streets and communities as paths with their code: one row per path. #}
{% macro division_paths() -%}
    with division as (
        select code, name, level, parent_code from {{ source('vocab', 'division') }}
    ),

    paths as (
        select d.name as district, '' as street, '' as community, d.code
        from division as d
        where d.level = 3
        union all
        select d.name as district, s.name as street, '' as community, s.code
        from division as s
        inner join division as d on s.parent_code = d.code
        where s.level = 4
        union all
        select d.name as district, s.name as street, c.name as community, c.code
        from division as c
        inner join division as s on c.parent_code = s.code
        inner join division as d on s.parent_code = d.code
        where c.level = 5
    )

    select district, street, community, max(code) as code
    from paths
    group by district, street, community
{%- endmacro %}

{# A document number with every kind of bracket written as 〔〕. #}
{% macro normal_doc_no(expression) -%}
    translate(replace({{ expression }}, ' ', ''), '[]﹝﹞【】（）()', '〔〕〔〕〔〕〔〕〔〕')
{%- endmacro %}

{# A grid-cell code of 14 digits (two for the sequence) in the 15-digit numbering. #}
{% macro grid_code_15(expression) -%}
    case
        when length({{ expression }}) = 14
            then concat(substr({{ expression }}, 1, 12), '0', substr({{ expression }}, 13))
        else {{ expression }}
    end
{%- endmacro %}

{# Join of the organisation with the unified social credit code `value` under the name `alias`. #}
{% macro organisation_by_uscc(alias, value, relation=none) -%}
    left join (
        select uscc, max(org_code) as org_code
        from {{ relation or source('vocab', 'organisation') }}
        where uscc is not null
        group by uscc
    ) as {{ alias }}
        on {{ alias }}.uscc = {{ value }}
{%- endmacro %}

{# An amount of money with its currency as written, such as 100万人民币, in yuan; NULL for other currencies. #}
{% macro yuan_of(expression) -%}
    case
        when {{ first_match(expression, '(USD|EUR|HKD|JPY|GBP|美元|欧元|港币|港元|日元|英镑)') }} is null
            then cast(
                cast({{ first_match(expression, '([0-9]+(?:[.][0-9]+)?)') }} as decimal(18, 6))
                * case when {{ expression }} like '%万%' then 10000 else 1 end
                as decimal(18, 2)
            )
    end
{%- endmacro %}
