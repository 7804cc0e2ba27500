{{ config(materialized='view') }}

-- The trees by which organisations and areas are evaluated, version by version.
select
    tree_code,
    version,
    dimension,
    node_code,
    parent_code,
    name as node_name,
    name_en as node_name_en,
    weight,
    metric_ref,
    floor_value,
    target_value,
    coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
    coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
from {{ source('vocab', 'evaluation_node') }}
