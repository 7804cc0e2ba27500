{#- What stands in the lake, asked of DuckLake's own catalogue: `information_schema` counts rows and bytes of every
    table for it, half a second in a library of a hundred and fifty tables, which dbt asks for each schema. -#}
{% macro duckdb__standing(schema=none) -%}
  {%- set catalogue = '__ducklake_metadata_' ~ target.database -%}
  {%- for kind in ('table', 'view') %}
    select '{{ target.database }}' as database, {{ kind }}_name as name, schema_name as schema, '{{ kind }}' as type
    from {{ catalogue }}.ducklake_{{ kind }} as relation
    inner join {{ catalogue }}.ducklake_schema as held using (schema_id)
    where
        relation.end_snapshot is null and held.end_snapshot is null
        {%- if schema %} and lower(schema_name) = lower('{{ schema }}'){% endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
  {%- endfor %}
{%- endmacro %}

{% macro duckdb__list_relations_without_caching(schema_relation) %}
  {% call statement('list_relations_without_caching', fetch_result=True) -%}
    {{ duckdb__standing(schema_relation.schema) }}
  {%- endcall %}
  {{ return(load_result('list_relations_without_caching').table) }}
{% endmacro %}
