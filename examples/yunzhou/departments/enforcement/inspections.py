"""Inspections: plans announced with the hash of their pool, drawn days later with a seed, and what inspectors found."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

import duckdb

from departments.chance import planted, weighted
from departments.defects import Defects
from departments.home import Setup

PLAN_HEADINGS = {
    "plan_no": "计划编号", "title": "计划名称", "kind": "检查方式", "aspect": "检查领域", "org": "实施单位", "announced_on": "公告日期",
    "pool_hash": "抽取池摘要", "pool_size": "抽取池数量", "drawn_at": "抽取时间", "seed": "随机种子", "updated_at": "更新时间",
}  # fmt: skip
POOL_HEADINGS = {
    "plan_no": "计划编号", "member_kind": "名录类别", "member_code": "名录代码", "member_name": "名称", "grade": "信用等级",
}  # fmt: skip
RESULT_HEADINGS = {
    "plan_no": "计划编号", "object_code": "检查对象代码", "object_name": "检查对象", "inspectors": "检查人员", "inspected_on": "检查日期",
    "result": "检查结果", "problem": "问题描述", "rectify_by": "整改期限", "rectified_on": "整改完成日期", "case_no": "案号",
    "published_on": "公示日期", "updated_at": "更新时间",
}  # fmt: skip
EVERY_DAYS = 14
SHARE_OF_ENTITIES = 0.1
INSPECTORS = 8
RATES = {"A": 0.01, "B": 0.03, "C": 0.10, "D": 0.30}
GRADES = {"'A'": 70, "'B'": 20, "'C'": 7, "'D'": 3}
TAMPERED = (
    8  # of so many plans one has a pool changed after its hash was announced, and one an object that was not drawn
)
RESULTS = {"'未发现问题'": 60, "'责令改正'": 24, "'立案查处'": 8, "'无法联系'": 8}


def create_inspections(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> None:
    """Creates inspection_plan_row, inspection_pool_row and inspection_result_row."""
    _create_plans(con, setup)
    _create_draws(con)
    _create_plan_rows(con, defects)
    _create_pool_rows(con, defects)
    _create_result_rows(con, defects)


def _create_plans(con: duckdb.DuckDBPyConnection, setup: Setup) -> None:
    con.execute(f"""
        create table inspection_plan as
        with districts as (select distinct district, district_code from cell),
        dated as (
            select *, date '{setup.first}' - 10 + {EVERY_DAYS} * cast(turn as integer) as announced
            from districts, range(0, 1 + ({(setup.last - setup.first).days} + 10) // {EVERY_DAYS}) t(turn)),
        numbered as (
            select *, row_number() over (order by announced, district_code) as k from dated where announced <= '{setup.last}')
        select *, 'JC' || strftime(announced, '%Y%m%d') || substr(district_code, 5, 2) as plan_no, announced + 3 as drawn,
               pick(list_sort(['市容环境卫生', '停车管理', '户外广告', '施工管理']), k, 'aspect') as aspect,
               md5('seed' || k || '{setup.seed}') as seed from numbered""")
    con.execute(f"""
        create table inspection_member as
        select p.k, p.plan_no, 'object' as kind, e.uscc as code, e.name, {weighted("u(e.i, 'grade')", GRADES)} as grade, e.i
        from inspection_plan p join entity e on e.district_code = p.district_code
        where e.state in ('存续', '开业') and e.founded < p.announced and u(e.i + p.k, 'pool') < {SHARE_OF_ENTITIES}
        union all
        select p.k, p.plan_no, 'inspector', 'ZF' || substr(p.district_code, 5, 2) || lpad(cast(n as varchar), 3, '0'),
               person(n * 1000 + cast(p.district_code as bigint), 'inspector'), null, n
        from inspection_plan p, range(1, {INSPECTORS + 1}) r(n)""")


def _create_draws(con: duckdb.DuckDBPyConnection) -> None:
    """The draw: of each grade the share its rate asks for, rounded up, in the order of the digests of seed and code."""
    rate = " ".join(f"when '{grade}' then {rate}" for grade, rate in RATES.items())
    con.execute(f"""
        create table inspection_drawn as
        with ordered as (
            select m.*, p.seed, sha256(p.seed || ':' || m.code) as digest,
                   count(*) over (partition by m.plan_no, m.grade) as members,
                   row_number() over (partition by m.plan_no, m.grade order by sha256(p.seed || ':' || m.code)) as place,
                   case m.grade {rate} end as rate
            from inspection_member m join inspection_plan p using (k) where m.kind = 'object'),
        objects as (select * from ordered where place <= ceil(round(rate * members, 6))),
        inspectors as (
            select o.plan_no, o.code, string_agg(i.code, ';' order by i.code) as inspectors
            from (select o.plan_no, o.code, i.code as inspector,
                         row_number() over (partition by o.plan_no, o.code order by sha256(o.seed || ':' || o.code || ':' || i.code)) as place
                  from objects o join inspection_member i on i.plan_no = o.plan_no and i.kind = 'inspector') x
            join inspection_member i on i.plan_no = x.plan_no and i.code = x.inspector
            join objects o on o.plan_no = x.plan_no and o.code = x.code where x.place <= 2 group by all)
        select o.*, i.inspectors, row_number() over (partition by o.plan_no order by o.digest) as number
        from objects o join inspectors i using (plan_no, code)""")


def _create_plan_rows(con: duckdb.DuckDBPyConnection, defects: Defects) -> None:
    time = "strftime({}, '%Y-%m-%d %H:%M:%S')".format
    con.execute(f"""
        create table inspection_plan_row as
        with hashed as (
            select plan_no, sha256(string_agg(kind || '|' || code || '|' || coalesce(grade, ''), chr(10)
                       order by kind || '|' || code || '|' || coalesce(grade, ''))) as pool_hash, count(*) as pool_size
            from inspection_member group by plan_no),
        told as (
            select p.*, h.pool_hash, h.pool_size, unnest([0, 1]) as version from inspection_plan p join hashed h using (plan_no)),
        dated as (
            select *, k * 2 + version as vk,
                   cast([announced, drawn][version + 1] as timestamp) + seconds(span(k, 'at', 33000, 60000)) as changed from told),
        delivered as (
            select d.*, (select min(r.day) from enforcement_round r where r.day >= cast(d.changed as date)) as seen_on from dated d),
        chosen as (
            select *, {planted("vk", "plan", defects.rates("inspection_plan"), {"N4b": "version = 1"})} as defect from delivered
            where seen_on is not null),
        repeated as (
            select *, unnest(case when defect in ('D1', 'DUP') then [0, 1] else [0] end) as copy, coalesce(defect, '') as d from chosen)
        select vk, copy, seen_on, defect, date_trunc('second', changed) as version_at, plan_no,
               district || aspect || '双随机抽查' || case when d = 'D1' and copy = 1 then '（更正）' else '' end as title,
               case when d = 'N6' then '随机' when u(k, 'word') < 0.3 then '双随机一公开' else '双随机' end as kind, aspect,
               district || '城市管理局' as org, strftime(announced, '%Y-%m-%d') as announced_on,
               case when d = 'N4' then null else pool_hash end as pool_hash, cast(pool_size as varchar) as pool_size,
               case when version = 1 and d <> 'N4b' then {time("changed")} end as drawn_at, case when version = 1 then seed end as seed,
               {time("changed")} as updated_at
        from repeated""")


def _create_pool_rows(con: duckdb.DuckDBPyConnection, defects: Defects) -> None:
    """The pools, sent when they were drawn from; of a tampered plan one grade is not that of the hash."""
    con.execute(f"""
        create table inspection_pool_row as
        with delivered as (
            select m.*, p.k as plan_k, (select min(r.day) from enforcement_round r where r.day >= p.drawn) as seen_on,
                   row_number() over (order by m.plan_no, m.kind, m.code) as vk,
                   row_number() over (partition by m.plan_no, m.kind order by m.code) as place
            from inspection_member m join inspection_plan p using (k)),
        chosen as (
            select *, {planted("vk", "pool", defects.rates("inspection_pool"), {})} as defect from delivered where seen_on is not null),
        repeated as (
            select *, unnest(case when defect = 'DUP' then [0, 1] else [0] end) as copy, coalesce(defect, '') as d from chosen)
        select vk, copy, seen_on, defect, cast(null as timestamp) as version_at, plan_no,
               case kind when 'object' then '对象' else '人员' end as member_kind,
               case when d = 'R2' then null else code end as member_code, case when d = 'R1' then null else name end as member_name,
               case when kind = 'object' and plan_k % {TAMPERED} = 5 and place = 1 then case grade when 'A' then 'B' else 'A' end
                    when d = 'N6' then 'E' else grade end as grade
        from repeated""")


def _create_result_rows(con: duckdb.DuckDBPyConnection, defects: Defects) -> None:
    """What was found; of a tampered plan the first object is another of the pool, which was not drawn."""
    day = "strftime({}, '%Y-%m-%d')".format
    con.execute(f"""
        create table inspection_result_row as
        with swapped as (
            select d.*, p.drawn, p.k % {TAMPERED} = 2 and d.number = 1 as is_swapped,
                   (select min(m.code) from inspection_member m where m.plan_no = d.plan_no and m.kind = 'object'
                    and (m.plan_no, m.code) not in (select (x.plan_no, x.code) from inspection_drawn x)) as other
            from inspection_drawn d join inspection_plan p using (k)),
        told as (
            select s.* exclude (code, name), case when is_swapped then other else s.code end as code, e.name,
                   row_number() over (order by s.plan_no, s.number) as rk, s.drawn + 1 + cast(floor(u(rk, 'go') * 10) as integer) as inspected,
                   {weighted("u(rk, 'found')", RESULTS)} as result,
                   inspected + 1 + cast(floor(u(rk, 'told') * 12) as integer) as published
            from swapped s join entity e on e.uscc = case when is_swapped then other else s.code end),
        delivered as (
            select *, (select min(r.day) from enforcement_round r where r.day >= published) as seen_on from told),
        chosen as (
            select *, rk as vk, {planted("rk", "result", defects.rates("inspection_result"), {})} as defect from delivered
            where seen_on is not null),
        repeated as (
            select *, unnest(case when defect in ('D1', 'DUP') then [0, 1] else [0] end) as copy, coalesce(defect, '') as d,
                   cast(published as timestamp) + interval 17 hour as version_at from chosen)
        select vk, copy, seen_on, defect, version_at, plan_no, case when d = 'R2' then null else code end as object_code,
               name as object_name, inspectors,
               case d when 'T1' then '上周' when 'N9' then {day("seen_on + 20")} else {day("inspected")} end as inspected_on,
               case when d = 'N6' then '合格' else result end as result,
               case when result in ('责令改正', '立案查处') then '未履行管理责任' || case when copy = 1 and d = 'D1' then '（更正）' else '' end end as problem,
               case when result = '责令改正' then {day("inspected + 7")} end as rectify_by,
               case when result = '责令改正' and u(rk, 'mended') < 0.6 then {day("inspected + 4")} end as rectified_on,
               null as case_no, {day("published")} as published_on, strftime(version_at, '%Y-%m-%d %H:%M:%S') as updated_at
        from repeated""")
