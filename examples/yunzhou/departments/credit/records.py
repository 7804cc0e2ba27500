"""Credit records: every Monday the complete list; what was repaired or has run out is no longer on it."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

import duckdb

from departments.chance import planted
from departments.credit.penalties import doc_no
from departments.defects import Defects
from departments.home import Setup

HEADINGS = {
    "record_id": "记录编号", "subject_key": "主体标识", "subject_name": "主体名称", "info_kind": "信息类别",
    "fact_summary": "事实摘要", "determined_on": "认定日期", "determine_org": "认定单位", "severity": "失信程度",
    "expires_on": "保存期限至", "source_table": "来源表", "source_id": "来源主键", "state": "状态",
}  # fmt: skip
KEPT_DAYS = 365


def create_records(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> None:
    """Creates table credit_record_row: the rows of every Monday's list.

    A defect belongs to a record, so it is on every list. `rule` is what must be found: the defect where it
    quarantines the row; else the defect on the first list, and DUP on the later ones, which repeat the first.
    """
    con.execute(f"""
        create table credit_record_row as
        with facts as (
            select p.k as id, p.uscc, p.name, p.natural_person, '失信' as kind, p.item_name as fact, p.decided as determined,
                   p.authority as determiner, p.severity, '行政处罚' as source_table, {doc_no()} as source_id, p.seen_on as known_on,
                   cast(p.reported as date) + {KEPT_DAYS} as gone_on, case when r.granted then r.repair_on + 1 end as repaired_on
            from penalty p
            left join (select k as repaired_k, granted, repair_on from repair) r on r.repaired_k = p.k
            where p.version = 0 and p.defect is null and u(p.k, 'recorded') < 0.5
            union all
            select 900000000000000 + i, uscc, name, false, case when u(i, 'good') < 0.5 then '守信' else '基础' end, '纳税信用等级认定',
                   founded + 5, '云州市发展和改革委员会', null, '法人库', uscc, date '{setup.first}', null, null
            from entity where born is null and u(i, 'listed') < 0.03),
        spoiled as (
            select *, {planted("id", "record", defects.rates("credit_record"), {"K3": "kind = '失信'"})} as defect from facts),
        lists as (select day as monday from day where day >= '{setup.first}' and dayofweek(day) = 1),
        listed as (
            select s.*, coalesce(s.defect, '') as d, l.monday as seen_on,
                   row_number() over (partition by id order by monday) = 1 as is_first
            from spoiled s join lists l on s.known_on < l.monday + 1
             and (gone_on is null or l.monday < gone_on) and (repaired_on is null or l.monday < repaired_on))
        select id as vk, 0 as copy, seen_on,
               case when d in ('K1', 'K6', 'R1', 'T1') then d when is_first then defect else 'DUP' end as defect,
               cast(null as timestamp) as version_at,
               'XR' || lpad(cast(case when id < 0 then 800000000000000 - id else id end as varchar), 15, '0') as record_id,
               case when d = 'K1' then null when natural_person then 'P' || md5('subject' || id) else uscc end as subject_key,
               case when natural_person then person(id, 'offender') else name end as subject_name,
               case when d = 'R1' then null else kind end as info_kind, '因' || fact || '列入' as fact_summary,
               strftime(determined, '%Y-%m-%d') as determined_on,
               case when d = 'K7' then determiner || '临时办' else determiner end as determine_org, severity,
               case d when 'T1' then '永久保存' when 'K3' then strftime(determined + to_years(8), '%Y-%m-%d')
                      else strftime(determined + to_years(3), '%Y-%m-%d') end as expires_on,
               source_table, source_id, case when d = 'K6' then '正常' else '有效' end as state
        from listed""")
