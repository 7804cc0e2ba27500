{{ config(unique_key=['device_id', 'metric_code', 'read_at']) }}

-- Readings, of each device, metric and time the last that was sent, judged by the limits of what is measured: those of
-- the night where there are such. What comes more than 72 hours late is kept and counts in nothing.
with arrivals as (
    {{ versions_since(ref('stg_sensors__reading'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['device_id', 'metric_code', 'read_at']) }}
),

winning as (
    {{ winners('newest', ['device_id', 'metric_code', 'read_at']) }}
),

{{ parameters() }},

limits as (
    select metric_code, limit_low, limit_high, coalesce(night_limit_high, limit_high) as night_limit_high
    from {{ source('vocab', 'sensor_metric') }}
),

judged as (
    select
        t.*,
        l.limit_low,
        case
            when
                extract(hour from t.read_at) >= {{ parameter('sensor.night_from_hour', 22, 'cast(t.read_at as date)') }}
                or extract(hour from t.read_at) < {{ parameter('sensor.night_until_hour', 6, 'cast(t.read_at as date)') }}
                then l.night_limit_high
            else l.limit_high
        end as limit_high
    from winning as t
    left join limits as l on t.metric_code = l.metric_code
)

select
    device_id,
    metric_code,
    read_at,
    value,
    received_at,
    serial_no,
    coalesce(value < limit_low, false) or coalesce(value > limit_high, false) as is_abnormal,
    read_at < {{ hours_after('cast(_business_date as timestamp)',
                             '-' ~ parameter('sensor.late_hours', 72, '_business_date')) }} as is_late,
    {{ bookkeeping() }}
from judged
order by read_at
