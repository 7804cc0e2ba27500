{{ config(unique_key=['community_no', 'building_code']) }}

-- Buildings of residential communities as they now stand.
with arrivals as (
    {{ versions_since(ref('stg_communities__building'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['community_no', 'building_code']) }}
),

winning as (
    {{ winners('newest', ['community_no', 'building_code']) }}
)

select
    t.community_no,
    t.building_code,
    t.building_name,
    t.address_id,
    t.units,
    t.households,
    {{ bookkeeping('t') }}
from winning as t
