{#- Every table and view of the lake laid out anew and empty, in one transaction: what a full refresh begins with.
    Each statement that changes the lake's catalogue costs a new version of it, which the next statement must read
    whole; one by one, a hundred models pay that a hundred times. A model that keeps what it has even in a full refresh
    (`full_refresh: false`) is laid out only where it does not stand. Run as an operation (orchestration/transform). -#}
{% macro lay_out() %}
  {{ adapter.dispatch('lay_out', 'civiclake')() }}
{% endmacro %}

{% macro duckdb__lay_out() %}
  {%- set there = {} -%}
  {%- for row in run_query(duckdb__standing()).rows -%}
    {%- do there.update({row['schema'] ~ '.' ~ row['name']: row['type']}) -%}
  {%- endfor -%}
  {%- set tables, views = [], [] -%}
  {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
    {%- if node.config.full_refresh is not false or node.schema ~ '.' ~ node.alias not in there -%}
      {%- do (views if node.config.materialized == 'view' else tables).append(node) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- set statements = [] -%}
  {%- for schema in (tables + views) | map(attribute='schema') | unique -%}
    {%- do statements.append('create schema if not exists ' ~ target.database ~ '.' ~ schema) -%}
  {%- endfor -%}
  {%- for node in views + tables -%}
    {%- set kind = there.get(node.schema ~ '.' ~ node.alias) -%}
    {%- if kind -%}
      {%- do statements.append('drop ' ~ kind ~ ' ' ~ relation_of(node)) -%}
    {%- endif -%}
  {%- endfor -%}
  {%- for node in tables -%}
    {%- set columns = adapter.render_raw_columns_constraints(raw_columns=node.columns) -%}
    {%- do statements.append('create table ' ~ relation_of(node) ~ ' (' ~ columns | join(', ') ~ ')') -%}
  {%- endfor -%}
  {%- for node in in_order(views) -%}
    {%- do statements.append('create view ' ~ relation_of(node) ~ ' as (' ~ render(node.raw_code) ~ ')') -%}
  {%- endfor -%}
  {%- do run_query('begin; ' ~ statements | join(';\n') ~ '; commit') -%}
{% endmacro %}

{% macro relation_of(node) -%}
  {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) }}
{%- endmacro %}

{#- Views with those before them that they read. -#}
{% macro in_order(nodes) -%}
  {%- set ordered, placed = [], [] -%}
  {%- set names = nodes | map(attribute='unique_id') | list -%}
  {%- for _ in nodes -%}
    {%- for node in nodes if node.unique_id not in placed -%}
      {%- if node.depends_on.nodes | select('in', names) | reject('in', placed) | list | length == 0 -%}
        {%- do ordered.append(node) -%}
        {%- do placed.append(node.unique_id) -%}
      {%- endif -%}
    {%- endfor -%}
  {%- endfor -%}
  {{ return(ordered) }}
{%- endmacro %}

{#- Whether this run began with `lay_out`, so that whatever stands is as its contract says, and empty. -#}
{% macro is_laid_out() -%}
  {{ return(env_var('CIVICLAKE_LAID_OUT', 'no') == 'yes') }}
{%- endmacro %}
