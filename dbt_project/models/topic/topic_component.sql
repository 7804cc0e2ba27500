{{ config(unique_key='component_code') }}

-- Components as they now stand: at their place in degrees, in the grid cell in which they truly lie. What was removed
-- stays, with the day of its removal.
with arrivals as (
    {{ versions_since(ref('stg_components__component'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['component_code']) }}
),

winning as (
    {{ winners('newest', ['component_code']) }}
),

measured as (
    select w.*, d.crs as src_crs, coalesce(d.meridian, 0) as src_meridian
    from winning as w
    left join {{ ref('base_component_delivery') }} as d on w._object_id = d.object_id
),

located as (
    {{ to_wgs84('measured', 'x', 'y', 'src_crs', 'src_meridian') }}
),

cell as (
    select grid_code, community_code, street_code, lon, lat, radius_m, valid_from, valid_to
    from {{ ref('base_grid_cell') }}
),

stated as (
    select l.*, cell.grid_code as stated_cell
    from located as l
    left join cell
        on
            l.grid_code = cell.grid_code
            and l.changed_on >= cell.valid_from
            and l.changed_on <= cell.valid_to
            and coalesce({{ metres_between('l.lon', 'l.lat', 'cell.lon', 'cell.lat') }} <= cell.radius_m, true)
),

sought as (
    select component_code, changed_on, lon, lat, {{ stripe('lon') }} as square_x, {{ stripe('lat') }} as square_y
    from stated
    where stated_cell is null and lon is not null
),

near_cell as (
    {{ in_squares_around('cell') }}
),

found as (
    select component_code, grid_code as found_cell
    from (
        select
            s.component_code,
            near.grid_code,
            row_number() over (
                partition by s.component_code
                order by {{ metres_between('s.lon', 's.lat', 'near.lon', 'near.lat') }}, near.grid_code
            ) as place
        from sought as s
        inner join near_cell as near
            on
                s.square_x = near.square_x
                and s.square_y = near.square_y
                and s.changed_on >= near.valid_from
                and s.changed_on <= near.valid_to
        where {{ metres_between('s.lon', 's.lat', 'near.lon', 'near.lat') }} <= near.radius_m
    ) as ranked
    where place = 1
)

select
    t.component_code,
    t.class_code,
    t.component_name,
    t.supervise_org_code,
    t.own_org_code,
    t.own_orgs_raw,
    t.maintain_org_code,
    t.state_code,
    coalesce(t.state_code = 'removed', false) as is_removed,
    case when t.state_code = 'removed' then t.changed_on end as removed_on,
    t.first_on,
    t.changed_on,
    t.data_source,
    t.location_desc,
    t.census_year,
    substr(t.component_code, 1, 6) as district_code,
    coalesce(t.stated_cell, f.found_cell) as grid_code,
    case when t.stated_cell is not null then 'stated' when f.found_cell is not null then 'found' else 'none' end
        as grid_by,
    t.lon,
    t.lat,
    t.src_crs,
    {{ bookkeeping('t') }}
from stated as t
left join found as f on t.component_code = f.component_code
order by t.component_code
