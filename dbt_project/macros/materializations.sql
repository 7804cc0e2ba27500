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

{#- What stands is emptied, unless it was laid out just now, and filled in one transaction: no moment is without it. -#}
{% macro fill(standing, compiled_code) %}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {{ get_assert_columns_equivalent(compiled_code) }}
  {%- if not should_full_refresh() %}
    {% call statement("emptied") -%}
      delete from {{ standing }}
    {%- endcall %}
  {%- endif %}
  {% call statement("main") -%}
    insert into {{ standing }} by name {{ get_select_subquery(compiled_code) }}
  {%- endcall %}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({"relations": [standing]}) }}
{% endmacro %}

{% materialization table, adapter="duckdb" %}
  {%- set standing = load_cached_relation(this) -%}
  {%- if standing is none -%}
    {%- set relation = this.incorporate(type="table") -%}
    {{ return(make_first(relation, create_table_as(False, relation, compiled_code))) }}
  {%- endif -%}
  {%- if not standing.is_table or (should_full_refresh() and not is_laid_out()) -%}
    {{ return(dbt.materialization_table_duckdb()) }}
  {%- endif -%}
  {%- if is_made_of_vocabularies(model) and not should_full_refresh() -%}
    {% call noop_statement("main", "KEPT", "KEPT", 0) -%}
      {{ compiled_code }}
    {%- endcall %}
    {{ return({"relations": [standing]}) }}
  {%- endif -%}
  {{ return(fill(standing, compiled_code)) }}
{% endmaterialization %}

{#- In a run that laid all tables out an incremental one is filled like any other; from then on dbt's own way. -#}
{% materialization incremental, adapter="duckdb" %}
  {%- set standing = load_cached_relation(this) -%}
  {%- if standing and should_full_refresh() and is_laid_out() -%}
    {{ return(fill(standing, compiled_code)) }}
  {%- endif -%}
  {{ return(dbt.materialization_incremental_duckdb()) }}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
  {%- set standing = load_cached_relation(this) -%}
  {%- if standing is none -%}
    {%- set relation = this.incorporate(type="view") -%}
    {{ return(make_first(relation, get_create_view_as_sql(relation, compiled_code))) }}
  {%- endif -%}
  {%- if not standing.is_view or (should_full_refresh() and not is_laid_out()) -%}
    {{ return(dbt.materialization_view_default()) }}
  {%- endif -%}
  {%- if should_full_refresh() -%}
    {{ get_assert_columns_equivalent(compiled_code) }}
  {%- endif -%}
  {% call noop_statement("main", "KEPT", "KEPT", 0) -%}
    {{ compiled_code }}
  {%- endcall %}
  {{ return({"relations": [standing]}) }}
{% endmaterialization %}
