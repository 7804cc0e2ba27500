{{ config(materialized='view') }}

-- Enforcement items in all their versions; the last version of an item that is still in force is its present one.
select
    item_code,
    version as item_version,
    aspect_code,
    aspect as aspect_name,
    name as item_name,
    violated_articles,
    penalty_articles,
    measures,
    min_fine_yuan,
    max_fine_yuan,
    coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
    coalesce(valid_to, cast('9999-12-31' as date)) as valid_to,
    valid_to is null
    and row_number() over (partition by item_code order by version desc) = 1 as is_current
from {{ source('vocab', 'enforcement_item') }}
