{#- What stands keeps its place in the lake's catalogue. Every table made or renamed and every view made again is a new
    version of that catalogue, which the statements after it must read anew. Whether what stands is of this SQL is known
    outside (see orchestration/transform/fingerprint.py): if not, the run is a full refresh. -#}

{#- Whether a model is made of vocabularies and nothing else, neither rows nor the day: then it is what it was, for
    changed vocabularies are a full refresh. -#}
{% macro is_made_of_vocabularies(node) -%}
    {%- if 'macro.civiclake.as_of' in node.depends_on.macros -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for name in node.depends_on.nodes -%}
        {%- if name in graph.sources -%}
            {%- set is_same = graph.sources[name].schema == 'vocab' -%}
        {%- else -%}
            {%- set is_same = is_made_of_vocabularies(graph.nodes[name]) -%}
        {%- endif -%}
        {%- if not is_same -%}
            {{ return(false) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(node.depends_on.nodes | length > 0) }}
{%- endmacro %}

{#- What does not stand yet is made where it will stand: there is nothing to put aside, to swap or to drop. -#}
{% macro make_first(relation, create) %}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {% call statement("main") -%}
    {{ create }}
  {%- endcall %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({"relations": [relation]}) }}
{%- endmacro %}

{#- A table that stands is emptied and filled in one transaction, so that there is no moment without it. -#}
{% materialization table, adapter="duckdb" %}
  {%- set standing = load_cached_relation(this) -%}
  {%- if standing is none -%}
    {%- set relation = this.incorporate(type="table") -%}
    {{ return(make_first(relation, create_table_as(False, relation, compiled_code))) }}
  {%- endif -%}
  {%- if not standing.is_table or should_full_refresh() -%}
    {{ return(dbt.materialization_table_duckdb()) }}
  {%- endif -%}
  {%- if is_made_of_vocabularies(model) -%}
    {% call noop_statement("main", "KEPT", "KEPT", 0) -%}
      {{ compiled_code }}
    {%- endcall %}
    {{ return({"relations": [standing]}) }}
  {%- endif -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {{ get_assert_columns_equivalent(compiled_code) }}
  {% call statement("emptied") -%}
    delete from {{ standing }}
  {%- endcall %}
  {% call statement("main") -%}
    insert into {{ standing }} by name {{ get_select_subquery(compiled_code) }}
  {%- endcall %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({"relations": [standing]}) }}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
  {%- set standing = load_cached_relation(this) -%}
  {%- if standing is none -%}
    {%- set relation = this.incorporate(type="view") -%}
    {{ return(make_first(relation, get_create_view_as_sql(relation, compiled_code))) }}
  {%- endif -%}
  {%- if not standing.is_view or should_full_refresh() -%}
    {{ return(dbt.materialization_view_default()) }}
  {%- endif -%}
  {% call noop_statement("main", "KEPT", "KEPT", 0) -%}
    {{ compiled_code }}
  {%- endcall %}
  {{ return({"relations": [standing]}) }}
{% endmaterialization %}
