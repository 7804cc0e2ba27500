-- Divisions with the district, street and community they lie in.
with division as (
    select
        code,
        name,
        level,
        parent_code,
        coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ source('vocab', 'division') }}
),

parents as (
    select code, max(name) as name, max(level) as level, max(parent_code) as parent_code
    from division
    group by code
),

lineage as (
    select
        d.*,
        p.code as up1_code,
        p.name as up1_name,
        p.level as up1_level,
        g.code as up2_code,
        g.name as up2_name,
        g.level as up2_level
    from division as d
    left join parents as p on d.parent_code = p.code
    left join parents as g on p.parent_code = g.code
)

select
    code as division_code,
    name as division_name,
    level as division_level,
    parent_code,
    case when level = 3 then code when up1_level = 3 then up1_code when up2_level = 3 then up2_code end as district_code,
    case when level = 3 then name when up1_level = 3 then up1_name when up2_level = 3 then up2_name end as district_name,
    case when level = 4 then code when up1_level = 4 then up1_code end as street_code,
    case when level = 4 then name when up1_level = 4 then up1_name end as street_name,
    case when level = 5 then code end as community_code,
    case when level = 5 then name end as community_name,
    valid_from,
    valid_to
from lineage
