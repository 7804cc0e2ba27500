{{ config(materialized='view') }}

-- Which spaces things lie in, by their city codes: many to many. Houses are left to topic_object_space.
select
    c.city_code,
    o.space_id,
    o.space_type_code,
    case
        when row_number() over (partition by c.city_code order by o.distance_m, o.space_id) = 1 then 'main' else 'other'
    end as role_code,
    o.distance_m,
    o.is_interface
from {{ ref('topic_object_space') }} as o
inner join {{ ref('base_city_code') }} as c on o.object_kind = c.scheme and o.object_code = c.legacy_code
where o.object_kind = 'component'
