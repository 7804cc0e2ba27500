{{ config(unique_key='shift_id') }}

-- Patrol shifts with their eight settings, as they now stand.
with arrivals as (
    {{ versions_since(ref('stg_patrol__shift'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['shift_id']) }}
),

winning as (
    {{ winners('newest', ['shift_id']) }}
),

cell as (
    select grid_code, district_code, street_code, valid_from, valid_to from {{ ref('base_grid_cell') }}
)

select
    t.shift_id,
    t.org_code,
    t.home_grid_code,
    cell.district_code,
    cell.street_code,
    {{ pseudonym('t.inspector', 'inspector') }} as inspector_key,
    t.duty,
    t.route,
    t.starts_at,
    t.ends_at,
    t.quota,
    t.stay_minutes,
    t.conclusion_code,
    {{ bookkeeping('t') }}
from winning as t
left join cell
    on
        t.home_grid_code = cell.grid_code
        and cast(t.starts_at as date) >= cell.valid_from
        and cast(t.starts_at as date) <= cell.valid_to
