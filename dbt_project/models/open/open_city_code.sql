{{ config(materialized='view') }}

-- City codes with what everybody may know of them.
select
    c.city_code,
    e.gbcp_code,
    c.kind_code,
    e.kind_name,
    e.kind_name_en,
    substr(c.city_code, 9, 4) as class_code,
    substr(c.city_code, 1, 6) as district_code,
    substr(c.city_code, 8, 1) as space_type_code,
    e.public_name,
    c.legacy_code,
    c.issued_on,
    e.status_code,
    e.successor_codes
from {{ ref('base_city_code') }} as c
inner join {{ ref('topic_gbcp_entity') }} as e on c.city_code = e.city_code
