{{ config(materialized='table') }}

-- Events seen by people or recognised by machines. What a machine tells of the same place and class again within ten
-- minutes is a burst; what the other channel told of before, close by and within two hours, is the same event.
with {{ parameters() }},

newest as (
    {{ newest(ref('stg_patrol__event'), ['event_id']) }}
),

event as (
    select * from newest
    where not is_deleted
),

same as (
    select a.event_id, min(b.event_id) as duplicate_of
    from event as a
    inner join event as b
        on
            a.class_code = b.class_code
            and a.channel_code <> b.channel_code
            and b.found_at <= a.found_at
            and {{ seconds_between('b.found_at', 'a.found_at') }}
                <= 3600 * {{ parameter('patrol.same_hours', 2, as_of()) }}
            and {{ metres_between('a.lon', 'a.lat', 'b.lon', 'b.lat') }}
                <= {{ parameter('patrol.same_metres', 30, as_of()) }}
    where not b.is_burst
    group by a.event_id
),

cell as (
    select grid_code, district_code, street_code from {{ ref('base_grid_cell') }}
    where valid_to = cast('9999-12-31' as date)
)

select
    e.event_id,
    e.channel_code,
    e.device_id,
    e.class_code,
    e.found_at,
    e.lon,
    e.lat,
    e.grid_code,
    cell.district_code,
    cell.street_code,
    e.confidence,
    e.is_burst,
    same.duplicate_of,
    {{ bookkeeping('e') }}
from event as e
left join same on e.event_id = same.event_id
left join cell on e.grid_code = cell.grid_code
