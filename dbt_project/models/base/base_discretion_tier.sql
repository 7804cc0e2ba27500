{{ config(materialized='view') }}

-- The tiers of discretion of every version of an item: together they span its range of fines.
select
    item_code,
    version as item_version,
    tier as tier_code,
    circumstance,
    min_fine_yuan,
    max_fine_yuan,
    coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
    coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
from {{ source('vocab', 'discretion_tier') }}
