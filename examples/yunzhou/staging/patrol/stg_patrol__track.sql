-- Points of tracks; those the contract's rule of speed warned of have drifted.
select
    t.shift_id,
    t.tracked_at,
    t.lon,
    t.lat,
    coalesce(list_contains(t._flags, 'T1v'), false) as is_drift,
    {{ landed_bookkeeping('t') }}
from {{ source('landed', 'patrol_track') }} as t
