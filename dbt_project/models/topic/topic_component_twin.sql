{{ config(materialized='view') }}

-- Components of one class that stand within a metre of each other: most likely one thing that was counted twice.
with standing as (
    select component_code, class_code, lon, lat, changed_on
    from {{ ref('topic_component') }}
    where not is_removed and not is_deleted and lon is not null
),

near as (
    {{ in_squares_around('standing', width=0.00002) }}
)

select
    near.component_code,
    other.component_code as twin_code,
    near.class_code,
    round({{ metres_between('near.lon', 'near.lat', 'other.lon', 'other.lat') }}, 2) as distance_m
from standing as other
inner join near
    on
        other.class_code = near.class_code
        and {{ stripe('other.lon', 0.00002) }} = near.square_x
        and {{ stripe('other.lat', 0.00002) }} = near.square_y
where
    near.component_code < other.component_code
    and {{ metres_between('near.lon', 'near.lat', 'other.lon', 'other.lat') }} <= 1
