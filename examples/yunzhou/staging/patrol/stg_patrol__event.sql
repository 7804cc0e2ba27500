-- Events of patrols and machines; those the contract's rule of bursts warned of are the same frame again.
select
    t.event_id,
    channel.code as channel_code,
    t.device_id,
    class.code as class_code,
    t.found_at,
    t.lon,
    t.lat,
    t.grid_code,
    cast(t.confidence as decimal(5, 4)) as confidence,
    coalesce(list_contains(t._flags, 'T3'), false) as is_burst,
    {{ landed_bookkeeping('t') }}
from {{ source('landed', 'patrol_event') }} as t
{{ crosswalk('channel', 'patrol_channel', 't.channel') }}
{{ crosswalk('class', 'grid_class', 't.class') }}
