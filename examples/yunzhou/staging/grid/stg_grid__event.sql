-- Side files of the grid: extensions, hang-ups and returns to the dispatcher, reworks and cases that ran over their
-- deadline, as one list of events.
select
    t.case_no,
    case t.asked when '挂账' then 'hang' when '回退' then 'dispatch_return' else 'extension' end as event_kind,
    t.applied_at as event_at,
    t.reason,
    t.approved_by,
    t.new_deadline_at,
    t.hung_to as until_at,
    {{ landed_bookkeeping('t') }}
from {{ source('landed', 'grid_extension') }} as t
union all
select
    t.case_no,
    'rework' as event_kind,
    t.returned_at as event_at,
    t.reason,
    t.returned_by as approved_by,
    cast(null as timestamp) as new_deadline_at,
    cast(null as timestamp) as until_at,
    {{ landed_bookkeeping('t') }}
from {{ source('landed', 'grid_rework') }} as t
union all
select
    t.case_no,
    'overtime' as event_kind,
    t.listed_at as event_at,
    t.reason,
    cast(null as varchar) as approved_by,
    cast(null as timestamp) as new_deadline_at,
    cast(null as timestamp) as until_at,
    {{ landed_bookkeeping('t') }}
from {{ source('landed', 'grid_overtime') }} as t
