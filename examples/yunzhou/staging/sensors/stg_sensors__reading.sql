-- Readings in the unit of what is measured, whichever of its units they were sent in.
select
    t.device_id,
    t.metric_code,
    t.read_at,
    cast(case when t.unit = m.other_unit then t.value * m.other_factor else t.value end as decimal(18, 4)) as value,
    t.received_at,
    t.serial_no,
    {{ landed_bookkeeping('t') }}
from {{ source('landed', 'iot_reading') }} as t
left join {{ source('vocab', 'sensor_metric') }} as m on t.metric_code = m.metric_code
