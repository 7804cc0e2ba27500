{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='address_id') }}

-- Standard addresses as they now stand, in the divisions of today.
with arrivals as (
    {{ versions_since(ref('stg_components__address'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['address_id']) }}
),

winning as (
    {{ winners('newest', ['address_id']) }}
)

select
    t.address_id,
    coalesce(changed.new_code, t.division_code) as division_code,
    division.district_code,
    division.street_code,
    division.community_code,
    t.road,
    t.house_no,
    t.compound,
    t.building_no,
    case when t.building_no is not null then 'building' else 'door' end as precision_code,
    t.std_text,
    t.lon,
    t.lat,
    {{ bookkeeping('t') }}
from winning as t
{{ division_changed('changed', 't.division_code', as_of()) }}
{{ division_on('division', 'coalesce(changed.new_code, t.division_code)', as_of()) }}
order by t.address_id
