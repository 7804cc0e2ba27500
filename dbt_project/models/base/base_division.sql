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

-- Above a division stands what last stood there while it was in force: numbers may stay where streets move.
lineage as (
    select
        d.*,
        p.code as up1_code,
        p.name as up1_name,
        p.level as up1_level,
        g.code as up2_code,
        g.name as up2_name,
        g.level as up2_level,
        row_number() over (
            partition by d.code, d.valid_from
            order by p.valid_from desc, g.valid_from desc
        ) as recency
    from division as d
    left join division as p on d.parent_code = p.code and p.valid_from <= d.valid_to
    left join division as g on p.parent_code = g.code and g.valid_from <= d.valid_to
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
where recency = 1
