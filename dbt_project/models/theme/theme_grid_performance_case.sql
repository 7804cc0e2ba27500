{{ config(materialized='view') }}

-- The cases behind every rate of theme_grid_performance, by the same rules.
with counts as (
    {{ grid_counts(none) }}
)

{{ grid_units('counts', ['month', 'measure', 'case_no', 'is_counted']) }}
