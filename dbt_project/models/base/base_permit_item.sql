{{ config(materialized='view') }}

-- Permit items with their limits; the last period of an item is its present one.
with periods as (
    select
        item_code,
        name as item_name,
        licence_name,
        permit_type as permit_type_code,
        org_code,
        legal_days,
        promised_days,
        coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ source('vocab', 'permit_item') }}
)

select
    *,
    row_number() over (partition by item_code order by valid_from desc) = 1 as is_current
from periods
