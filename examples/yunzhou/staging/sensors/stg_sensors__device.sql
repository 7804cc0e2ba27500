-- Devices; the grid cell says in which community one stands.
select
    t.device_id,
    class.code as class_code,
    t.metric_code,
    t.pole_id,
    t.serial_no,
    t.interval_minutes,
    owner.org_code,
    cell.community_code as division_code,
    t.grid_code,
    t.lon,
    t.lat,
    t.installed_on,
    t.retired_on,
    {{ landed_bookkeeping('t', 'updated_at') }}
from {{ source('landed', 'iot_device') }} as t
{{ crosswalk('class', 'device_class', 't.device_class') }}
{{ organisation_named('owner', 't.owner') }}
left join {{ source('vocab', 'grid_cell') }} as cell on t.grid_code = cell.grid_code and cell.valid_to is null
