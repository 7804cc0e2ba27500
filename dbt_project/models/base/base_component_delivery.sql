{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='object_id') }}

{%- set since = watermark() %}

-- In which reference system each file of components is measured: the one in which the middle of its points lies where
-- it should. That is known best from the same components in earlier files, else from the middles of their grid cells.
-- What a file says of itself is believed when its points agree. Of earlier files only those are asked that could be
-- told by cells, so that the answer does not depend on how deliveries were grouped into runs.
with arrivals as (
    select
        component_code, grid_code, changed_on, x, y, declared_crs,
        _object_id, _batch_id, _business_date, _file_name, _line, _load_id
    from {{ ref('stg_components__component') }}
    where
        not is_deleted
        {%- if since >= 0 %}
        and _load_id > {{ since }}
        {%- endif %}
),

file as (
    select
        _object_id as object_id,
        min(_file_name) as file_name,
        min(_batch_id) as batch_id,
        min(_business_date) as business_date,
        count(*) as components,
        max(declared_crs) as declared_crs,
        max(_load_id) as _load_id
    from arrivals
    group by _object_id
),

{{ parameters() }},

{{ reference_systems() }},

-- A part of each file is enough, and always the same part.
sampled as (
    select *
    from (
        select
            *,
            {{ crs_family('x', 'y') }} as family,
            row_number() over (partition by _object_id order by component_code, _line) as place
        from arrivals
        where x is not null and y is not null
    ) as numbered
    where place <= {{ parameter('crs.sample', 500, as_of()) }}
),

candidate as (
    select s._object_id as object_id, s._business_date, s.component_code, s.grid_code, s.changed_on, s.x, s.y, crs.code, crs.meridian
    from sampled as s
    inner join crs on s.family = crs.family and coalesce(s.declared_crs, crs.code) = crs.code
),

converted as (
    {{ to_wgs84('candidate', 'x', 'y', 'code', 'meridian') }}
),

to_cells as (
    select c.object_id, c.code, c.meridian, c.component_code, cell.lon - c.lon as east, cell.lat - c.lat as north, c.lat
    from converted as c
    inner join {{ ref('base_grid_cell') }} as cell
        on
            c.grid_code = cell.grid_code
            and c.changed_on >= cell.valid_from
            and c.changed_on <= cell.valid_to
),

by_cells as (
    {{ best_crs('to_cells', 'crs.min_cells', 15, 'crs.max_offset_cells_m', 150) }}
),

earlier as (
    select b.object_id, b.code, b.meridian, f.business_date
    from by_cells as b
    inner join file as f on b.object_id = f.object_id
    where b.is_in_place
    {%- if is_incremental() %}
    union all
    select object_id, crs_by_cells as code, meridian_by_cells as meridian, business_date
    from {{ this }}
    where crs_by_cells is not null
    {%- endif %}
),

known_as_measured as (
    select s.component_code, s.x, s.y, earlier.code, earlier.meridian, earlier.business_date
    from {{ ref('stg_components__component') }} as s
    inner join earlier on s._object_id = earlier.object_id
    where s.component_code in (select component_code from sampled)
),

known as (
    {{ to_wgs84('known_as_measured', 'x', 'y', 'code', 'meridian') }}
),

to_components as (
    select c.object_id, c.code, c.meridian, c.component_code, k.lon - c.lon as east, k.lat - c.lat as north, c.lat
    from converted as c
    inner join known as k on c.component_code = k.component_code and c._business_date > k.business_date
),

by_components as (
    {{ best_crs('to_components', 'crs.min_components', 10, 'crs.max_offset_m', 50) }}
)

select
    f.object_id,
    f.file_name,
    f.batch_id,
    f.business_date,
    f.components,
    f.declared_crs,
    case when coalesce(o.is_in_place, c.is_in_place) then coalesce(o.code, c.code) end as crs,
    case when coalesce(o.is_in_place, c.is_in_place) then coalesce(o.meridian, c.meridian) end as meridian,
    case
        when not coalesce(o.is_in_place, c.is_in_place, false) then 'undecided'
        when f.declared_crs is not null then 'declared'
        when o.object_id is not null then 'components'
        else 'cells'
    end as decided_by,
    coalesce(o.points, c.points) as points,
    coalesce(o.offset_m, c.offset_m) as offset_m,
    case when c.is_in_place then c.code end as crs_by_cells,
    case when c.is_in_place then c.meridian end as meridian_by_cells,
    f._load_id
from file as f
left join by_components as o on f.object_id = o.object_id
left join by_cells as c on f.object_id = c.object_id
