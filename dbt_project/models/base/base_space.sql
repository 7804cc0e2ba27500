{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='space_id') }}

-- Public, community and production spaces as they now stand. They may nest, cross and overlap.
with arrivals as (
    {{ versions_since(ref('stg_components__space'), watermark()) }}
),

newest as (
    {{ newest('arrivals', ['space_id']) }}
),

winning as (
    {{ winners('newest', ['space_id']) }}
)

select
    t.space_id,
    t.space_type_code,
    t.subtype,
    t.space_name,
    t.parent_id,
    t.lon,
    t.lat,
    t.radius_m,
    {{ bookkeeping('t') }}
from winning as t
order by t.space_id
