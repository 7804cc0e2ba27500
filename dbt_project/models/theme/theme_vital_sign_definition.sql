{{ config(materialized='table') }}

-- The definitions of the vital signs with the metrics they are read from.
select
    s.sign_code,
    s.dim_code,
    s.name as sign_name,
    s.name_en as sign_name_en,
    s.metric_ref,
    m.fact_code,
    m.classes,
    m.reckoning,
    m.window_days,
    m.baseline_days,
    s.unit,
    s.area_level,
    s.frequency,
    s.direction,
    cast(s.target as decimal(18, 4)) as target,
    {%- for level in sign_levels() %}
    cast(s.{{ level }} as decimal(18, 4)) as {{ level }},
    {%- endfor %}
    cast(s.min_coverage as decimal(5, 4)) as min_coverage,
    s.up_n,
    s.down_m,
    s.owner_org,
    s.plan_ref,
    coalesce(s.valid_from, cast('1900-01-01' as date)) as valid_from,
    coalesce(s.valid_to, cast('9999-12-31' as date)) as valid_to
from {{ source('vocab', 'vital_sign') }} as s
left join {{ source('vocab', 'metric') }} as m on s.metric_ref = m.metric_ref
