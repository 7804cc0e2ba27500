-- Code sets with their periods of validity; the last period of a code is its present one.
with periods as (
    select
        scheme,
        code,
        name,
        name_en,
        parent_code,
        coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ source('vocab', 'code') }}
)

select
    *,
    row_number() over (partition by scheme, code order by valid_from desc) = 1 as is_current
from periods
