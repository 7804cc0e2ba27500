{{ config(materialized='table') }}

-- Tracks of patrols, of the days they may be kept (patrol.track_days) and no longer.
with {{ parameters() }},

newest as (
    {{ newest(ref('stg_patrol__track'), ['shift_id', 'tracked_at']) }}
)

select
    shift_id,
    tracked_at,
    lon,
    lat,
    is_drift,
    {{ bookkeeping() }}
from newest
where
    not is_deleted
    and cast(tracked_at as date) > {{ date_plus('day', '-' ~ parameter('patrol.track_days', 30, as_of()), as_of()) }}
