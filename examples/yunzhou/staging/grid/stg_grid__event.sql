-- Side files of the grid: extensions, reworks and cases that ran over their deadline, as one list of events.
select
    t.case_no,
    'extension' as event_kind,
    t.applied_at as event_at,
    t.reason,
    t.approved_by,
    t.new_deadline_at,
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
    {{ landed_bookkeeping('t') }}
from {{ source('landed', 'grid_overtime') }} as t
