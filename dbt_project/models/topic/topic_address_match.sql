{{ config(unique_key=['record_kind', 'record_no']) }}

{%- set since = watermark() %}

-- Which standard address the texts of grid cases and tickets are about, and how sure that is. A text that names house
-- number or compound is sought in the street it names, else in that of its record, else in the district. What is found
-- more than once, or only beside the place, is worth less; what is worth too little waits for a person.
with said as (
    select 'grid_case' as record_kind, case_no as record_no, address_raw, street_code, district_code, _load_id
    from {{ ref('topic_grid_case') }}
    where address_raw is not null and not is_deleted and _load_id > {{ since }}
    union all
    select
        'hotline_ticket' as record_kind,
        concat(ticket_no, '-', sub_no) as record_no,
        address_raw,
        street_code,
        district_code,
        _load_id
    from {{ ref('topic_hotline_ticket') }}
    where address_raw is not null and not is_deleted and _load_id > {{ since }}
),

-- Each text is read once for a street, however many say it.
text as (
    select
        address_raw,
        coalesce(street_code, '') as street_code,
        coalesce(district_code, '') as district_code,
        {{ address_folded('address_raw') }} as folded
    from said
    group by address_raw, coalesce(street_code, ''), coalesce(district_code, '')
),

peeled as (
    select
        *,
        {{ address_rest('folded') }} as rest,
        {{ address_street('folded') }} as street_name,
        {{ is_relative_address('folded') }} as is_relative
    from text
),

inside as (
    select
        *,
        {{ address_road('rest') }} as road,
        {{ address_house_no('rest') }} as house_no,
        {{ address_inside('rest') }} as inner_text
    from peeled
),

street as (
    select district_code, street_name, max(street_code) as street_code
    from {{ ref('base_division') }}
    where division_level = 4 and {{ as_of() }} <= valid_to
    group by district_code, street_name
),

alias as (
    select alias, max(standard_name) as standard_name
    from {{ source('vocab', 'address_alias') }}
    where kind = 'compound' and {{ as_of() }} <= coalesce(valid_to, cast('9999-12-31' as date))
    group by alias
),

named as (
    select
        i.*,
        {{ address_compound('i.inner_text') }} as named_compound,
        {{ address_building('i.inner_text') }} as building_no
    from inside as i
),

parsed as (
    select
        n.address_raw,
        n.street_code,
        n.district_code,
        n.road,
        n.house_no,
        coalesce(alias.standard_name, n.named_compound) as compound,
        n.building_no,
        n.is_relative,
        alias.alias is not null as is_alias,
        stated.street_code as stated_street_code,
        coalesce(stated.street_code, nullif(n.street_code, '')) as sought_street_code
    from named as n
    left join alias on n.named_compound = alias.alias
    left join street as stated on n.street_name = stated.street_name and n.district_code = stated.district_code
),

address as (
    select address_id, district_code, street_code, road, house_no, compound, building_no, precision_code
    from {{ ref('base_address') }}
    where not is_deleted
),

candidate as (
    select p.*, a.address_id, a.precision_code, a.street_code as found_street, a.building_no as found_building
    from parsed as p
    inner join address as a
        on p.district_code = a.district_code and p.road = a.road and p.house_no = a.house_no
    union all
    select p.*, a.address_id, a.precision_code, a.street_code as found_street, a.building_no as found_building
    from parsed as p
    inner join address as a
        on p.district_code = a.district_code and p.compound = a.compound
    where p.house_no is null
),

weighed as (
    select
        c.*,
        found_street = coalesce(sought_street_code, '') as is_in_street,
        case
            when building_no = found_building then 0
            when building_no is null and found_building is null then 0
            when found_building is null then 1
            else 2
        end as building_rank
    from candidate as c
),

ranked as (
    select
        *,
        row_number() over (
            partition by address_raw, street_code, district_code
            order by case when is_in_street then 0 else 1 end, building_rank, address_id
        ) as place,
        count(*) over (partition by address_raw, street_code, district_code, is_in_street, building_rank) as alike
    from weighed
    where building_rank < 2
),

chosen as (
    select
        *,
        cast(
            case when alike > 1 then 0.4 when is_in_street then 1 else 0.7 end
            * case when is_relative then 0.7 else 1 end
            * case when building_rank = 1 then 0.8 else 1 end
            * case when is_alias then 0.95 else 1 end
            as decimal(4, 3)
        ) as confidence
    from ranked
    where place = 1
),

settled as (
    select
        p.address_raw,
        p.street_code,
        p.district_code,
        c.address_id,
        c.precision_code,
        coalesce(c.confidence, cast(0 as decimal(4, 3))) as confidence,
        p.is_relative,
        p.is_alias,
        p.stated_street_code is not null and p.street_code <> '' and p.stated_street_code <> p.street_code
            as is_contradicted,
        case when p.road is not null then 'road' else 'division' end as coarse_code
    from parsed as p
    left join chosen as c
        on
            p.address_raw = c.address_raw
            and p.street_code = c.street_code
            and p.district_code = c.district_code
),

{{ parameters() }}

select
    s.record_kind,
    s.record_no,
    case when t.confidence >= {{ parameter('address.min_confidence', 0.6, as_of()) }} then t.address_id end as address_id,
    t.confidence,
    case when t.address_id is not null then t.precision_code else t.coarse_code end as precision_code,
    t.is_relative,
    t.is_alias,
    t.is_contradicted,
    t.confidence < {{ parameter('address.min_confidence', 0.6, as_of()) }} as is_queued,
    s.street_code,
    s.district_code,
    s._load_id
from said as s
inner join settled as t
    on
        s.address_raw = t.address_raw
        and coalesce(s.street_code, '') = t.street_code
        and coalesce(s.district_code, '') = t.district_code
