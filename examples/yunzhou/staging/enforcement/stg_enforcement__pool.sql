-- Pools of random plans: objects with their grade, and inspectors.
select
    t.plan_no,
    case t.member_kind when '对象' then 'object' when '人员' then 'inspector' end as member_kind,
    t.member_code,
    t.member_name,
    t.grade,
    {{ landed_bookkeeping('t') }}
from {{ source('landed', 'inspection_pool') }} as t
