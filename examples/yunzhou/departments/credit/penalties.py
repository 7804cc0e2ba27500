"""Penalties: decided by district bureaus, reported within days, some corrected by a second report."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

import duckdb

from departments.chance import planted, weighted
from departments.defects import Defects
from departments.home import Setup
from departments.identifiers import person_id_sql
from departments.scales import SCALES

BACKLOG_DAYS = 730
HEADINGS = {
    "doc_no": "CF_WSH", "authority_code": "CF_CFJGDM", "authority": "CF_CFJG", "party_name": "CF_XDR_MC",
    "party_type": "CF_XDR_LB", "party_uscc": "CF_XDR_SHXYM", "id_type": "CF_XDR_ZJLX", "person_id": "CF_XDR_ZJHM",
    "rep_name": "CF_FRDB", "violation": "CF_WFXW", "fact": "CF_SY", "basis": "CF_YJ", "category": "CF_CFLB",
    "content": "CF_NR", "fine_wan": "CF_NR_FK", "confiscated_wan": "CF_NR_WFFF", "licence_action": "CF_NR_ZKDX",
    "decided_on": "CF_JDRQ", "valid_to": "CF_YXQ", "publish_until": "CF_GSJZQ", "severity": "CF_SXCD",
    "item_code": "CF_AYDM", "case_no": "CF_AJH", "source_org": "CF_SJLY", "state": "CF_ZT", "remark": "BZ",
    "reported_at": "SJC",
}  # fmt: skip
OLD_HEADINGS = {
    "doc_no": "CF_WSH", "authority_code": "CF_XZJGDM", "authority": "CF_XZJG", "party_name": "CF_XDR",
    "party_type": "CF_XDR_LB", "party_uscc": "CF_XDR_SHXYDM", "person_id": "CF_XDR_SFZ", "rep_name": "CF_FR",
    "violation": "CF_CFMC", "fact": "CF_SY", "basis": "CF_YJ", "category_1": "CF_CFLB1", "category_2": "CF_CFLB2",
    "content": "CF_JG", "fine_wan": "CF_NR_FK", "confiscated_wan": "CF_NR_WFFF", "decided_on": "CF_JDRQ",
    "source_org": "DFBM", "state": "CF_ZT", "remark": "BZ", "reported_at": "SJC",
}  # fmt: skip
LAYOUTS = {"CGJ": ("2018", "xml"), "SCJ": ("2018", "csv"), "ZJJ": ("2016", "csv"), "HBJ": ("2016", "xml")}
CATEGORIES = {
    "'罚款'": 62, "'警告;罚款'": 12, "'警告'": 9, "'没收违法所得;罚款'": 7, "'责令停产停业;罚款'": 4, "'吊销许可证件'": 3,
    "'通报批评'": 3,
}  # fmt: skip
CONDITIONS = {
    "X1": "not natural_person", "X6": "k > 0 and version = 0", "C1": "modern", "C2": "modern and fine > 0",
    "C2b": "modern and fine > 0", "C3": "modern", "C5": "fine > 0",
}  # fmt: skip
SHORTEST = "case severity when '严重' then 12 else 3 end"  # months; enough under the rules of 2022 and of 2026


def ensure_penalties(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> None:
    """Creates the penalties unless the credit office, which reports them, has."""
    if con.execute("select 1 from duckdb_tables() where table_name = 'penalty'").fetchone() is None:
        create_penalties(con, setup, defects)


def create_penalties(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> None:
    """Creates table penalty: one row per report of a decision, with its day `seen_on` and the defect it carries."""
    scale = SCALES[setup.scale]
    con.execute(f"""
        create table penalty as
        with numbered as (
            select d.ordinal * 1000000 + r.n as k, d.day, r.n, false as old,
                   cast(d.day as timestamp) + seconds(span(k, 'at', 30000, 63000)) as reported
            from day d, unnest(range(1, d.penalties + 1)) r(n) where d.day >= '{setup.first}'
            union all
            select -r.j as k, date '{setup.first}', r.j, true,
                   cast(date '{setup.first}' - 1 - cast(floor(u(k, 'past') * {BACKLOG_DAYS}) as integer) as timestamp)
                   + seconds(span(k, 'at', 30000, 63000))
            from range(1, {scale.backlog} + 1) r(j)),
        drawn as (
            select *, cast(reported as date) - cast(floor(span(k, 'delay', 0, 4.99)) as integer) as decided,
                   u(k, 'person') < 0.15 as natural_person, cast(floor(u(k, 'party') * {scale.entities}) as bigint) as entity_i,
                   pick({list(LAYOUTS)}, k, 'bureau') as bureau, {weighted("u(k, 'category')", CATEGORIES)} as category,
                   cast(floor(u(k, 'item') * (select count(*) from item)) as bigint) as item_i,
                   not old and u(k, 'fix') < 0.04 as corrected
            from numbered),
        joined as (
            select d.*, e.uscc, e.name, e.rep, e.district, e.district_code, e.type as entity_type, o.uscc as authority_code,
                   o.name as authority, m.item_code, m.name as item_name, m.aspect, m.low, m.high, bureau in ('CGJ', 'SCJ') as modern,
                   case when category like '%罚款%'
                        then cast(round(cast(m.low as double) + u(k, 'fine') * cast(m.high - m.low as double), -1) as bigint)
                        else 0 end as fine
            from drawn d join entity e on e.i = d.entity_i join item m on m.i = d.item_i
            join org o on o.org_code = 'YZ-' || substr(e.district_code, 5, 2) || '-' || d.bureau),
        judged as (
            select *, case when category like '%停产%' or category like '%吊销%' then '严重' when fine >= 10000 then '一般'
                           else '轻微' end as severity,
                   unnest(case when corrected then [0, 1] else [0] end) as version
            from joined),
        told as (
            select * exclude (day, reported), k * 4 + version as vk,
                   day + case version when 1 then 1 + cast(floor(u(k, 'later') * 3) as integer) else 0 end as seen_on,
                   case version when 1 then cast(day + 1 + cast(floor(u(k, 'later') * 3) as integer) as timestamp)
                        + seconds(span(k, 'again', 30000, 63000)) else reported end as reported
            from judged)
        select *, {planted("vk", "penalty", defects.rates("penalty"), CONDITIONS)} as defect from told
        where seen_on <= '{setup.last}'""")
    con.execute(
        "update penalty set decided = decided - 150 - cast(floor(u(k, 'long ago') * 50) as integer) where defect = 'X6'"
    )


def create_penalty_rows(con: duckdb.DuckDBPyConnection) -> None:
    """Creates table penalty_row: the reports as delivered, columns of both layouts, defects planted."""
    birthday = "(date '1960-01-01' + cast(floor(u(k, 'born') * 15000) as integer))"
    number = person_id_sql("'990000'", birthday, "cast(floor(u(k, 'serial') * 999) as integer)")
    con.execute(f"""
        create table penalty_row as
        with repeated as (
            select *, unnest(case when defect in ('D1', 'DUP') then [0, 1] else [0] end) as copy, coalesce(defect, '') as d,
                   {number} as person_no,
                   case defect when 'C2' then cast(high * 1.5 as bigint) else fine end as amount,
                   case defect when 'X8' then decided + 65012 else decided end as signed,
                   {doc_no()} as paper
            from penalty),
        worded as (
            select *, case d when 'X4' then '责令改正' when 'R1' then category else category end as said,
                   case when amount = 0 then replace(category, ';', '，')
                        else replace(replace(category, ';', '，'), '罚款', '罚款人民币' || case d when 'C5' then amount * 10 else amount end || '元') end as result
            from repeated)
        select vk, copy, seen_on, defect, bureau, reported as version_at,
               case d when 'R2' then null when 'X2' then '云罚' || strftime(decided, '%Y') || '-' || abs(k)
                      else case version when 1 then translate(paper, '〔〕', pick(['[]', '﹝﹞', '（）'], k, 'brackets')) else paper end end as doc_no,
               authority_code, case when d = 'R1' then null else authority end as authority,
               case when natural_person then person(k, 'offender') else name end as party_name,
               case when d = 'X4b' then '其它主体' when natural_person then '自然人' when entity_type = '个体工商户' then '个体工商户'
                    else '法人及非法人组织' end as party_type,
               case when natural_person or d = 'X1b' then null when d = 'X1' then case when u(vk, 'slip') < 0.4 then lower(uscc)
                         when u(vk, 'slip') < 0.7 then substr(uscc, 1, 12) || 'I' || substr(uscc, 14)
                         else substr(uscc, 1, 17) || case when substr(uscc, 18) = '7' then '8' else '7' end end
                    else case when defect is null and u(vk, 'wide') < 0.005
                              then translate(uscc, '0123456789', '０１２３４５６７８９') else uscc end end as party_uscc,
               case when natural_person then '身份证' end as id_type,
               case when natural_person and d <> 'X1b' then person_no end as person_id,
               case when not natural_person then rep end as rep_name, item_name as violation,
               '当事人于' || strftime(decided - 12, '%Y年%m月%d日') || '在' || district || item_name || '，经责令改正逾期未改。'
                   || case when d = 'X7' then '当事人身份证号 ' || person_no || '。' else '' end as fact,
               '《云州市' || aspect || '管理条例》第' || (1 + cast(abs(k) % 60 as integer)) || '条' as basis,
               said as category, string_split(said, ';')[1] as category_1, string_split(said, ';')[2] as category_2,
               result || case when d = 'D1' and copy = 1 then '（补充）' else '' end as content,
               case d when 'T1' then '贰万元整' when 'C2b' then cast(fine as varchar)
                      else case when amount > 0 then printf('%.4f', amount / 10000.0) end end as fine_wan,
               case when category like '%没收%' then printf('%.4f', 0.01 * (1 + cast(floor(u(k, 'gain') * 300) as integer))) end as confiscated_wan,
               case when category like '%吊销%' then '吊销许可证' end as licence_action,
               case when u(vk, 'format') < 0.06 then strftime(signed, '%Y/%m/%d') else strftime(signed, '%Y-%m-%d') end as decided_on,
               case when u(k, 'long') < 0.04 then '长期' end as valid_to,
               strftime(decided + to_months(case severity when '严重' then 36 when '一般' then 12 else 3 end), '%Y-%m-%d') as publish_until,
               case when d = 'C3' then '特别严重' else severity end as severity,
               case when d = 'C1' then case when decided > date '2025-12-31' and u(vk, 'item') < 0.5 then 'A01001' else 'B99' || digits(vk, 'item', 3) end
                    else item_code end as item_code,
               {case_no("k")} as case_no, authority as source_org,
               case when version = 1 then '更正' else '正常' end as state, case when version = 1 then '更正前次报送' end as remark,
               strftime(reported, '%Y-%m-%d %H:%M:%S') as reported_at
        from worded""")


def case_no(key: str) -> str:
    """SQL of the number of the case behind the decision with the integer key `key`."""
    return f"('AJ' || lpad(cast(abs({key}) as varchar), 11, '0'))"


def doc_no() -> str:
    """SQL of a decision's number, unique with its authority."""
    return """('云' || bureau || substr(district_code, 5, 2) || '罚〔' || strftime(decided, '%Y') || '〕第'
        || case when old then '0' || lpad(cast(n as varchar), 7, '0')
                else strftime(day_of(k), '%y%j') || lpad(cast(n as varchar), 4, '0') end || '号')"""
