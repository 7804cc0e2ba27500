"""The legal entities of the city, whom the permits, penalties and credit records are about."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

import duckdb

from departments.chance import text_list, weighted
from departments.home import Setup
from departments.identifiers import uscc_sql
from departments.scales import SCALES

TRADES = [
    "餐饮",
    "商贸",
    "建筑工程",
    "物业管理",
    "信息科技",
    "物流",
    "广告传媒",
    "环保科技",
    "汽车维修",
    "燃气设备",
    "园林绿化",
    "食品",
    "服装",
    "家政服务",
]
WORDS = "云瑞泰恒鑫盛达宏远嘉禾祥和安顺诚信腾飞博雅锦绣东方金桥海纳百川福临"
TYPES = {
    "'有限责任公司'": 58, "'个体工商户'": 28, "'股份有限公司'": 3, "'农民专业合作社'": 3, "'个人独资企业'": 5,
    "'合伙企业'": 3,
}  # fmt: skip
NEW_SHARE_PER_DAY = 0.0005


def create_entities(con: duckdb.DuckDBPyConnection, setup: Setup) -> None:
    """Creates table entity: one row per legal entity, those to be registered later included.

    `i` counts from 0; `born` is NULL for entities of the first extract, else the day of their registration.
    """
    scale = SCALES[setup.scale]
    kind = "(case type when '个体工商户' then '92' when '农民专业合作社' then '93' else '91' end)"
    con.execute(f"""
        create table entity as
        with numbered as (
            select i, null as born from range({scale.entities}) r(i)
            union all
            select {scale.entities} + row_number() over (order by day, n) - 1, day
            from day d, unnest(range(0, cast(ceil({scale.entities} * {NEW_SHARE_PER_DAY}) as integer))) r(n)
            where day >= '{setup.first}' and working),
        drawn as (
            select *, {weighted("u(i, 'entity')", TYPES)} as type, person(i, 'rep') as rep,
                   cast(floor(u(i, 'seat') * (select count(*) from cell)) as bigint) as cell_i,
                   pick({text_list(TRADES)}, i, 'trade') as trade,
                   pick(chars('{WORDS}'), i, 'w1') || pick(chars('{WORDS}'), i, 'w2')
                       || case when u(i, 'w') < 0.7 then pick(chars('{WORDS}'), i, 'w3') else '' end as word,
                   coalesce(born, date '{setup.first}' - 10 - cast(floor(pow(u(i, 'age'), 2) * 6000) as integer)) as founded,
                   {weighted("u(i, 'state')", {"'存续'": 88, "'开业'": 2, "'吊销'": 4, "'注销'": 5, "'迁出'": 1})} as state
            from numbered)
        select d.* exclude (state), case when born is null then state else '存续' end as state,
               {uscc_sql(kind, "c.district_code", "d.i")} as uscc, c.district, c.district_code, c.street_code, c.lon, c.lat,
               c.side_m, c.street || '工业路' || (1 + cast(floor(u(i, 'door') * 400) as integer)) || '号' as address,
               case when type = '个体工商户' then c.street || word || trade || case when u(i, 'shop') < 0.5 then '店' else '经营部' end
                    when type = '农民专业合作社' then '云州' || word || '种植专业合作社'
                    when u(i, 'brackets') < 0.08 then word || case when u(i, 'wide') < 0.5 then '（云州）' else '(云州)' end
                         || trade || '有限公司'
                    else '云州' || word || trade || case when type = '股份有限公司' then '股份有限公司' when type like '%企业'
                         then '中心' else '有限公司' end end as name
        from drawn d join (select * rename (i as cell_no) from cell) c on c.cell_no = d.cell_i order by d.i""")
