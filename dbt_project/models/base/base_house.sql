{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='house_code') }}

-- Houses as they now stand, where their address is.
with arrivals as (
    {{ versions_since(ref('stg_components__house'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['house_code']) }}
),

winning as (
    {{ winners('newest', ['house_code']) }}
)

select
    t.house_code,
    t.address_id,
    t.house_use_code,
    t.floors,
    t.area_m2,
    a.district_code,
    a.street_code,
    a.community_code,
    a.lon,
    a.lat,
    {{ bookkeeping('t') }}
from winning as t
left join {{ ref('base_address') }} as a on t.address_id = a.address_id
order by t.house_code
