-- The library of enforcement items in all their versions, with the tiers of discretion and when each was last cited.
with tier as (
    select
        item_code,
        item_version,
        max(case when tier_code = 'lenient' then max_fine_yuan end) as lenient_up_to_yuan,
        max(case when tier_code = 'severe' then min_fine_yuan end) as severe_from_yuan
    from {{ ref('base_discretion_tier') }}
    group by item_code, item_version
),

cited as (
    select item_code, item_version, {{ month_of('max(filed_at)') }} as last_filed_month
    from {{ ref('topic_enforcement_case') }}
    where not is_deleted and filed_at < {{ date_plus('day', 1, as_of()) }}
    group by item_code, item_version
)

select
    i.item_code,
    i.item_version,
    i.aspect_code,
    i.aspect_name,
    i.item_name,
    i.violated_articles,
    i.penalty_articles,
    i.measures,
    i.min_fine_yuan,
    i.max_fine_yuan,
    t.lenient_up_to_yuan,
    t.severe_from_yuan,
    i.valid_from,
    case when i.valid_to < cast('9999-12-31' as date) then i.valid_to end as valid_to,
    i.is_current,
    c.last_filed_month
from {{ ref('base_enforcement_item') }} as i
left join tier as t on i.item_code = t.item_code and i.item_version = t.item_version
left join cited as c on i.item_code = c.item_code and i.item_version = c.item_version
