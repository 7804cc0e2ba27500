"""Credit repairs: applied for and decided after the shortest publicity; some are told before their penalty is."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

import duckdb

from departments.chance import planted
from departments.credit.penalties import SHORTEST, doc_no
from departments.defects import Defects
from departments.home import Setup

HEADINGS = {
    "repair_id": "修复编号", "doc_no": "处罚决定书文号", "authority_code": "处罚机关代码", "party_uscc": "统一社会信用代码",
    "party_name": "相对人名称", "penalty_decided_on": "处罚决定日期", "severity": "失信程度", "applied_on": "申请日期",
    "obligations_done": "义务履行完毕", "decision": "修复决定", "decided_on": "决定日期", "decide_org": "决定单位代码",
    "effect_at": "生效时间", "updated_at": "更新时间",
}  # fmt: skip
CONDITIONS = {
    "K4b": "version = 1 and granted and severity <> '轻微'", "K4c": "version = 1", "K4d": "version = 1", "K4e": "version = 1",
}  # fmt: skip


def create_repairs(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> None:
    """Creates tables repair (one row per application) and credit_repair_row (the delivered rows, defects planted).

    Only penalties that arrive clean are repaired. A penalty reported months late (X6) may have been repaired before the
    report; that repair is flagged K4a.
    """
    con.execute(f"""
        create table repair as
        with clean as (
            select *, count(*) filter (where defect is not null and defect <> 'X6') over (partition by k) as faults from penalty),
        eligible as (
            select *, {doc_no()} as paper, coalesce(defect, '') = 'X6' and severity <> '严重' as early
            from clean where faults = 0 and version = 0 and not natural_person and defect is distinct from 'DUP'),
        decided as (
            select *, u(k, 'granted') < 0.9 as granted,
                   case when early then seen_on - 1 - cast(floor(u(k, 'before') * 8) as integer)
                        else greatest(cast(decided + to_months({SHORTEST}) as date) + 1 + cast(floor(u(k, 'waited') * 60) as integer),
                                      seen_on + 1) end as repair_on
            from eligible where u(k, 'repair') < case when early then 0.6 else 0.25 end)
        select *, repair_on - 5 - cast(floor(u(k, 'asked') * 15) as integer) as applied_on from decided
        where repair_on >= date '{setup.first}' - 60 and not (early and repair_on < '{setup.first}')""")
    con.execute(f"""
        create table credit_repair_row as
        with versions as (
            select k, early, paper, authority_code, uscc, name, decided, severity, granted, repair_on, applied_on,
                   unnest(case when repair_on < '{setup.first}' then [1] else [0, 1] end) as version from repair),
        dated as (
            select *, k * 4 + version as vk,
                   greatest(date '{setup.first}', case version when 0 then applied_on else repair_on end) as seen_on
            from versions),
        chosen as (
            select *, case when early and version = 1 then 'K4a'
                           else {planted("vk", "repair", defects.rates("credit_repair"), CONDITIONS)} end as defect
            from dated where seen_on <= '{setup.last}'),
        repeated as (
            select *, unnest(case when defect = 'DUP' then [0, 1] else [0] end) as copy, coalesce(defect, '') as d from chosen),
        moved as (
            select *, case d when 'K4b' then decided + 30 else repair_on end as settled_on,
                   case d when 'K4b' then decided + 20 when 'K4e' then repair_on + 3 else applied_on end as asked_on,
                   cast(case version when 0 then applied_on else repair_on end as timestamp) + seconds(span(vk, 'time', 40000, 62000)) as changed
            from repeated)
        select vk, copy, seen_on, defect, changed as version_at,
               case when k < 0 then 'XF0' || lpad(cast(-k as varchar), 11, '0') else 'XF1' || lpad(cast(k as varchar), 11, '0') end as repair_id,
               translate(paper, '〔〕', pick(['〔〕', '[]', '〔〕'], k, 'quoted')) as doc_no, authority_code,
               case when d = 'X1' then lower(uscc) else uscc end as party_uscc, name as party_name,
               strftime(decided, '%Y-%m-%d') as penalty_decided_on, severity,
               case when d = 'T1' then '上周三' else strftime(asked_on, '%Y-%m-%d') end as applied_on,
               case when version = 1 and granted then '是' else pick(['是', '是', '否'], k, 'duty') end as obligations_done,
               case when version = 1 then case when d = 'K4d' then '同意' when granted then '准予修复' else '不予修复' end end as decision,
               case when version = 1 then strftime(settled_on, '%Y-%m-%d') end as decided_on,
               case when version = 1 then case when d = 'K4c' then (select uscc from org where org_code = 'YZ-FGW')
                                               else authority_code end end as decide_org,
               case when version = 1 and granted then strftime(settled_on + 1, '%Y-%m-%d 00:00:00') end as effect_at,
               strftime(changed, '%Y-%m-%d %H:%M:%S') as updated_at
        from moved""")
