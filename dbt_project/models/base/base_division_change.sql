{{ config(materialized='view') }}

-- What became of divisions that ceased: the code directly after, and the one that is left at the end of a chain.
with change as (
    select old_code, new_code, kind, changed_on, source from {{ source('vocab', 'division_change') }}
)

select
    a.old_code,
    a.new_code as next_code,
    coalesce(e.new_code, d.new_code, c.new_code, b.new_code, a.new_code) as new_code,
    a.kind,
    a.changed_on,
    a.source
from change as a
left join change as b on a.new_code = b.old_code and b.changed_on >= a.changed_on
left join change as c on b.new_code = c.old_code and c.changed_on >= b.changed_on
left join change as d on c.new_code = d.old_code and d.changed_on >= c.changed_on
left join change as e on d.new_code = e.old_code and e.changed_on >= d.changed_on
