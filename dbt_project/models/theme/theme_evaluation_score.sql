{{ config(materialized='table') }}

-- Scores of every node of the trees, by unit and month, by the version in force on the first day of the month. A leaf
-- scores linearly from its floor to its target, cut at 0 and 100; a node above is the weighted mean of the leaves below
-- it that have a value, and `coverage` tells how much of their weight that is.
with node as (
    select * from {{ ref('base_evaluation_node') }}
),

leaf as (
    select tree_code, version, dimension, node_code, node_code as leaf_code, parent_code, weight, cast(1 as double) as share
    from node
    where metric_ref is not null
),

-- Each leaf below each node above it, with the product of the weights on the way; trees have at most four tiers.
{%- for tier in [1, 2, 3] %}
{%- set below = 'leaf' if tier == 1 else 'above_' ~ (tier - 1) %}
above_{{ tier }} as (
    select n.tree_code, n.version, n.dimension, n.node_code, b.leaf_code, n.parent_code, n.weight, b.share * b.weight as share
    from {{ below }} as b
    inner join node as n on b.tree_code = n.tree_code and b.version = n.version and b.parent_code = n.node_code
),
{%- endfor %}

closure as (
    select tree_code, version, node_code, leaf_code, share from leaf
    {%- for tier in [1, 2, 3] %}
    union all
    select tree_code, version, node_code, leaf_code, share from above_{{ tier }}
    {%- endfor %}
),

unit as (
    select distinct dimension, unit_code, month from {{ ref('theme_evaluation_metric') }}
),

scored as (
    select
        n.tree_code,
        n.version,
        n.node_code as leaf_code,
        u.dimension,
        u.unit_code,
        u.month,
        m.value,
        m.numerator,
        m.denominator,
        case
            when m.value is not null and n.target_value <> n.floor_value
                then 100 * least(1, greatest(0, (m.value - n.floor_value) / (n.target_value - n.floor_value)))
        end as score
    from node as n
    inner join unit as u on n.dimension = u.dimension and u.month >= n.valid_from and u.month <= n.valid_to
    left join {{ ref('theme_evaluation_metric') }} as m
        on
            n.metric_ref = m.metric_ref
            and u.dimension = m.dimension
            and u.unit_code = m.unit_code
            and u.month = m.month
    where n.metric_ref is not null
),

summed as (
    select
        s.tree_code,
        s.version,
        c.node_code,
        s.dimension,
        s.unit_code,
        s.month,
        sum(case when s.score is not null then c.share * s.score end) as points,
        sum(case when s.score is not null then c.share end) as share_known,
        sum(c.share) as share_all,
        max(case when c.node_code = c.leaf_code then s.value end) as value,
        max(case when c.node_code = c.leaf_code then s.numerator end) as numerator,
        max(case when c.node_code = c.leaf_code then s.denominator end) as denominator
    from scored as s
    inner join closure as c on s.tree_code = c.tree_code and s.version = c.version and s.leaf_code = c.leaf_code
    group by s.tree_code, s.version, c.node_code, s.dimension, s.unit_code, s.month
)

select
    s.tree_code,
    s.node_code,
    s.unit_code,
    s.month,
    s.version,
    s.dimension,
    case when s.dimension = 'organisation' then s.unit_code end as org_code,
    case when s.dimension = 'district' then s.unit_code end as district_code,
    case when s.dimension = 'street' then s.unit_code end as street_code,
    case when n.metric_ref is not null then 'indicator' when n.parent_code is null then 'comprehensive' else 'special' end as kind,
    n.parent_code,
    n.node_name,
    n.weight,
    n.metric_ref,
    s.numerator,
    s.denominator,
    cast(s.value as decimal(9, 6)) as value,
    cast(s.points / s.share_known as decimal(7, 3)) as score,
    cast(coalesce(s.share_known, 0) / s.share_all as decimal(7, 6)) as coverage
from summed as s
inner join node as n on s.tree_code = n.tree_code and s.version = n.version and s.node_code = n.node_code
