{{ config(unique_key='shift_id') }}

{%- set since = watermark() %}

-- How much of its route each shift saw: a cell is seen when a point of the track, drift left out, lies near its middle.
-- A track of fewer than five points shows nothing, and its points are not told. What is reckoned stays when the track
-- itself may no longer be kept.
with {{ parameters() }},

touched as (
    select shift_id from {{ ref('stg_patrol__track') }}
    where _load_id > {{ since }}
    union
    select shift_id from {{ ref('topic_patrol_plan') }}
    where _load_id > {{ since }}
),

plan as (
    select * from {{ ref('topic_patrol_plan') }}
    where shift_id in (select shift_id from touched)
),

point as (
    select distinct shift_id, tracked_at, lon, lat
    from {{ ref('stg_patrol__track') }}
    where shift_id in (select shift_id from touched) and not is_deleted and not is_drift
),

track as (
    select shift_id, count(*) as points
    from point
    group by shift_id
),

wanted as (
    select distinct shift_id, part as grid_code
    from ({{ split_rows('plan', ['shift_id'], 'route', ';') }}) as listed
),

cell as (
    select grid_code, lon, lat from {{ ref('base_grid_cell') }}
    where valid_to = cast('9999-12-31' as date)
),

seen as (
    select distinct w.shift_id, w.grid_code
    from wanted as w
    inner join cell on w.grid_code = cell.grid_code
    inner join point
        on
            w.shift_id = point.shift_id
            and {{ metres_between('point.lon', 'point.lat', 'cell.lon', 'cell.lat') }}
                <= {{ parameter('patrol.seen_metres', 300, as_of()) }}
),

counted as (
    select w.shift_id, count(*) as planned_cells, count(seen.grid_code) as seen_cells
    from wanted as w
    left join seen on w.shift_id = seen.shift_id and w.grid_code = seen.grid_code
    group by w.shift_id
)

select
    plan.shift_id,
    plan.org_code,
    plan.district_code,
    plan.street_code,
    plan.starts_at,
    plan.conclusion_code,
    cast(coalesce(c.planned_cells, 0) as integer) as planned_cells,
    case when track.points >= {{ smallest_cell() }} then track.points end as points,
    cast(case when track.points >= {{ smallest_cell() }} then c.seen_cells else 0 end as integer) as seen_cells,
    plan.is_deleted,
    plan._load_id as _plan_load_id,
    cast(greatest(
        plan._load_id, coalesce((select max(_load_id) from {{ ref('stg_patrol__track') }}), -1)
    ) as bigint) as _load_id
from plan
left join counted as c on plan.shift_id = c.shift_id
left join track on plan.shift_id = track.shift_id
