{{ config(unique_key='plan_no') }}

{%- set since = watermark() %}

-- The draws of random plans made again: the pool is held against its digest, the seed says who had to be drawn, and
-- what was inspected is held against that. A plan is worked out anew when plan, pool or results change.
with {{ parameters() }},

every_plan as (
    select plan_no, announced_on, pool_hash, pool_size, drawn_at, seed, _load_id
    from {{ ref('topic_inspection_plan') }}
    where not is_deleted and kind_code = 'random'
),

every_member as (
    select plan_no, member_kind, member_code, member_name, grade, _load_id
    from {{ ref('topic_inspection_pool') }}
    where not is_deleted
),

every_result as (
    select plan_no, object_code, inspectors, inspected_on, _load_id
    from {{ ref('topic_inspection_result') }}
    where not is_deleted
),

changed as (
    select plan_no, max(_load_id) as _load_id
    from (
        select plan_no, _load_id from every_plan
        union all
        select plan_no, _load_id from every_member
        union all
        select plan_no, _load_id from every_result
    ) as loads
    group by plan_no
    having max(_load_id) > {{ since }}
),

plan as (
    select
        p.plan_no,
        p.announced_on,
        p.pool_hash,
        p.pool_size,
        p.seed,
        cast(p.drawn_at as date) as drawn_on,
        c._load_id
    from every_plan as p
    inner join changed as c on p.plan_no = c.plan_no
),

member as (
    select m.plan_no, m.member_kind, m.member_code, m.member_name, m.grade
    from every_member as m
    inner join plan as p on m.plan_no = p.plan_no
),

proof as (
    select
        p.plan_no,
        case
            when d.members is null then 'not_sent'
            when d.pool_hash = p.pool_hash then 'proved'
            when d.members < p.pool_size then 'incomplete'
            else 'changed'
        end as pool_state
    from plan as p
    left join (
        select
            plan_no,
            count(*) as members,
            {{ pool_digest('member_kind', 'member_code', 'grade') }} as pool_hash
        from member
        group by plan_no
    ) as d on p.plan_no = d.plan_no
),

ordered as (
    select
        m.plan_no,
        m.member_code,
        m.member_name,
        m.grade,
        p.seed,
        p.drawn_on,
        {{ draw_digest('p.seed', ['m.member_code']) }} as draw_digest
    from member as m
    inner join plan as p on m.plan_no = p.plan_no
    where m.member_kind = 'object'
),

placed as (
    select
        *,
        {{ draw_rate('grade', 'drawn_on') }} as draw_rate,
        count(*) over (partition by plan_no, grade) as members,
        row_number() over (partition by plan_no, grade order by draw_digest, member_code) as place
    from ordered
),

drawn as (
    select *, seed is not null and place <= {{ draw_quota('members', 'draw_rate') }} as is_drawn
    from placed
),

sent as (
    select plan_no, member_code, {{ dbt.listagg('inspector_code', "';'", 'order by inspector_code') }} as inspectors
    from (
        select
            d.plan_no,
            d.member_code,
            d.drawn_on,
            i.member_code as inspector_code,
            row_number() over (
                partition by d.plan_no, d.member_code
                order by {{ draw_digest('d.seed', ['d.member_code', 'i.member_code']) }}, i.member_code
            ) as place
        from drawn as d
        inner join member as i on d.plan_no = i.plan_no and i.member_kind = 'inspector'
        where d.is_drawn
    ) as chosen
    where place <= {{ parameter('draw.inspectors', 2, 'drawn_on') }}
    group by plan_no, member_code
),

result as (
    select r.plan_no, r.object_code, r.inspectors, r.inspected_on
    from every_result as r
    inner join plan as p on r.plan_no = p.plan_no
)

select
    p.plan_no,
    coalesce(d.member_code, r.object_code) as object_code,
    d.member_name as object_name,
    p.announced_on,
    p.drawn_on,
    proof.pool_state,
    d.grade,
    d.draw_rate,
    cast(d.members as integer) as members,
    cast(d.place as integer) as place,
    d.draw_digest,
    coalesce(d.is_drawn, false) as is_drawn,
    sent.inspectors as drawn_inspectors,
    r.inspected_on,
    case
        when r.object_code is null then case when d.is_drawn then 'drawn' else 'spared' end
        when d.member_code is null then 'not_in_pool'
        when p.seed is null then 'seed_not_told'
        when not d.is_drawn then 'not_drawn'
        when r.inspectors = sent.inspectors then 'inspected'
        else 'other_inspectors'
    end as outcome,
    p._load_id
from drawn as d
full outer join result as r on d.plan_no = r.plan_no and d.member_code = r.object_code
inner join plan as p on coalesce(d.plan_no, r.plan_no) = p.plan_no
inner join proof on p.plan_no = proof.plan_no
left join sent on d.plan_no = sent.plan_no and d.member_code = sent.member_code
