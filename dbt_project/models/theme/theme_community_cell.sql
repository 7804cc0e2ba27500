{{ config(materialized='table') }}

-- What residents of each community ask for, and how its property company does, as of the day of the run. A ticket is
-- of the community in which the address lies that its words were led to.
with {{ parameters() }},

community as (
    select
        community_no, community_name, division_code, district_code, street_code, address_id, households, property_name,
        property_uscc, committee_name
    from {{ ref('topic_community') }}
    where not is_deleted
),

address as (
    select address_id, community_code, road, house_no, compound
    from {{ ref('base_address') }}
    where not is_deleted and compound is not null
),

building as (
    select community_no, building_code, address_id
    from {{ ref('topic_community_building') }}
    where not is_deleted
),

-- A compound is known by its name and door within a community of residents, from its own address or a building's.
compound as (
    select distinct c.community_no, a.community_code, a.road, a.house_no, a.compound
    from (
        select community_no, address_id from community
        union all
        select b.community_no, b.address_id
        from building as b
        inner join community as c on b.community_no = c.community_no
    ) as c
    inner join address as a on c.address_id = a.address_id
),

led as (
    select record_no, address_id
    from {{ ref('topic_address_match') }}
    where record_kind = 'hotline_ticket' and address_id is not null
),

repeated as (
    select distinct reported_no, sub_no
    from {{ ref('theme_repeat_case') }}
    where source = 'hotline'
),

ticket as (
    select ticket_no, sub_no, finish_time
    from {{ ref('topic_hotline_ticket') }}
    where
        not is_deleted
        and excluded_reason_code is null
        and cast(accept_time as date) <= {{ as_of() }}
        and {{ days_between('cast(accept_time as date)', as_of()) }}
        < {{ parameter('community.window_days', 365, as_of()) }}
),

placed as (
    select c.community_no, t.ticket_no, t.sub_no, t.finish_time
    from ticket as t
    inner join led as l on concat(t.ticket_no, '-', t.sub_no) = l.record_no
    inner join address as a on l.address_id = a.address_id
    inner join compound as c
        on
            a.community_code = c.community_code
            and a.compound = c.compound
            and a.road is not distinct from c.road
            and a.house_no is not distinct from c.house_no
),

counted as (
    select community_no, count(*) as tickets, count(finish_time) as finished
    from placed
    group by community_no
),

come_again as (
    select p.community_no, count(*) as repeats
    from placed as p
    inner join repeated as r on p.ticket_no = r.reported_no and p.sub_no = r.sub_no
    group by p.community_no
),

built as (
    select community_no, count(*) as buildings from building
    group by community_no
)

select
    c.community_no,
    c.community_name,
    c.division_code,
    c.district_code,
    c.street_code,
    {{ as_of() }} as as_of,
    c.households,
    coalesce(b.buildings, 0) as buildings,
    c.property_name,
    c.property_uscc,
    risk.grade as property_grade,
    c.committee_name is not null as has_committee,
    coalesce(n.tickets, 0) as tickets,
    coalesce(n.finished, 0) as finished,
    coalesce(again.repeats, 0) as repeats,
    cast(case when c.households > 0 then 1000.0 * coalesce(n.tickets, 0) / c.households end as decimal(12, 3))
        as tickets_per_thousand,
    {{ ratio('coalesce(again.repeats, 0)', 'n.tickets') }} as repeat_rate
from community as c
left join counted as n on c.community_no = n.community_no
left join come_again as again on c.community_no = again.community_no
left join built as b on c.community_no = b.community_no
left join {{ ref('theme_credit_risk') }} as risk on c.property_uscc = risk.uscc
