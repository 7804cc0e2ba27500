{{ config(materialized='view') }}

-- Which spaces components and houses lie in. A thing in spaces of more than one type stands on an interface: more than
-- one duty meets there, and none is forced to be the only one.
with object as (
    select component_code as object_code, 'component' as object_kind, lon, lat
    from {{ ref('topic_component') }}
    where not is_removed and not is_deleted and lon is not null
    union all
    select house_code as object_code, 'house' as object_kind, lon, lat
    from {{ ref('base_house') }}
    where not is_deleted and lon is not null
),

space as (
    select space_id, space_type_code, lon, lat, radius_m from {{ ref('base_space') }}
    where not is_deleted
),

near_space as (
    {{ in_squares_around('space') }}
),

member as (
    select
        o.object_code,
        o.object_kind,
        near.space_id,
        near.space_type_code,
        round({{ metres_between('o.lon', 'o.lat', 'near.lon', 'near.lat') }}, 1) as distance_m
    from object as o
    inner join near_space as near
        on {{ stripe('o.lon') }} = near.square_x and {{ stripe('o.lat') }} = near.square_y
    where {{ metres_between('o.lon', 'o.lat', 'near.lon', 'near.lat') }} <= near.radius_m
)

select
    object_code,
    object_kind,
    space_id,
    space_type_code,
    distance_m,
    min(space_type_code) over (partition by object_kind, object_code)
    <> max(space_type_code) over (partition by object_kind, object_code) as is_interface
from member
