-- Components that stand, by district and class, and in which state they are.
with {{ codes_now() }},

district as (
    select division_code, max(division_name) as district_name
    from {{ ref('base_division') }}
    where division_level = 3
    group by division_code
),

counted as (
    select
        district_code,
        class_code,
        count(*) as components,
        sum(case when state_code = 'intact' then 1 else 0 end) as intact,
        sum(case when state_code = 'damaged' then 1 else 0 end) as damaged,
        sum(case when state_code = 'lost' then 1 else 0 end) as lost,
        sum(case when state_code = 'abandoned' then 1 else 0 end) as abandoned
    from {{ ref('topic_component') }}
    where not is_removed and not is_deleted
    group by district_code, class_code
)

select
    c.district_code,
    d.district_name,
    c.class_code,
    class.name as class_name,
    class.name_en as class_name_en,
    c.components,
    cast(c.intact as bigint) as intact,
    cast(c.damaged as bigint) as damaged,
    cast(c.lost as bigint) as lost,
    cast(c.abandoned as bigint) as abandoned
from counted as c
left join district as d on c.district_code = d.division_code
{{ code_name('class', 'grid_class', 'c.class_code') }}
