-- Organisations as they are now, or as they last were.
with ranked as (
    select
        *,
        row_number() over (
            partition by org_code
            order by coalesce(valid_from, cast('1900-01-01' as date)) desc
        ) as recency
    from {{ source('vocab', 'organisation') }}
)

select
    org_code,
    uscc,
    name as org_name,
    name_en as org_name_en,
    org_level,
    parent_code,
    division_code,
    coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
    coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
from ranked
where recency = 1
