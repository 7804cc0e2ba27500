"""The regulator's register: the truth of every entity, what its copy at the credit office lacks, and shops of old."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from departments.chance import planted
from departments.defects import Defects
from departments.home import Setup
from departments.identifiers import uscc_sql
from departments.registrations import create_registrations
from departments.scales import SCALES

OLD_SHARE = 0.004  # shops of old, without a credit code; as many bodies with codes of before the standard
OLD, LEGACY = 90_000_000, 80_000_000  # their numbers begin here
IN_YUAN = {"capital": "capital like '%人民币' or capital like '%万元'"}
CONDITIONS = {
    "E1": "uscc is not null", "E1b": "uscc is null", "E1w": f"i between {LEGACY} and {OLD} - 1", "E2": "cancelled is null",
    "E3": "cancelled is not null", "E3b": "revoked is not null and uscc is not null",
    "E4": "uscc is not null and filed_on > (select min(filed_on) from filed)",
}  # fmt: skip


def create_states(con: duckdb.DuckDBPyConnection, setup: Setup, differs: Mapping[str, float]) -> None:
    """Creates table filed: what the register says of each entity and state, `filed_on` the day it is filed.

    `differs` are the shares of entities in which the credit office's copy is not what is filed; `difference` says in
    what. The regulator knows of a change up to two days before or after the credit office does.
    """
    create_registrations(con, setup)
    shops = max(3, round(SCALES[setup.scale].entities * OLD_SHARE))
    con.execute(f"""
        create table filed as
        with known as (
            select i, version, vk, born, founded, type, uscc, reg_no, name, rep, capital, approved, status, cancelled, revoked,
                   industry, address, authority, phone, district_code,
                   case version when 0 then known_on
                        else greatest(date '{setup.first}' + 1, known_on + cast(floor(span(i, 'filed', -2, 3)) as integer)) end as filed_on,
                   case when born is null and status in ('存续', '开业') then {planted("i", "difference", differs, IN_YUAN)} end as drawn
            from registration),
        told as (
            -- An entity that changes is left alone: its states would have to differ alike.
            select * exclude (drawn), case when count(*) over (partition by i) = 1 then drawn end as difference from known),
        of_old as ({_taken_from("个体工商户", OLD, shops, 7)}),
        legacy as ({_taken_from("有限责任公司", LEGACY, shops, 11)}),
        everyone as (
            select * replace (case difference when 'name' then '新' || name when 'brackets' then translate(name, '()（）', '（）()') else name end as name,
                              case when difference = 'address' then address || '3幢201室' else address end as address,
                              case when difference = 'capital' then '5000万人民币' else capital end as capital,
                              case when difference = 'status' then '注销' else status end as status,
                              case when difference = 'status' then date '{setup.first}' - 5 else cancelled end as cancelled)
            from told
            union all by name
            select * replace (i * 4 as vk, null as uscc, null as difference, '990100' || digits(i, 'old', 9) as reg_no, null as born,
                              '吊销' as status, date '2012-06-30' as revoked, null as cancelled, date '2003-05-01' as founded,
                              date '2003-05-01' as approved, name || '老店' as name, date '{setup.first}' as filed_on) from of_old
            union all by name
            select * replace (i * 4 as vk, {uscc_sql("'91'", "district_code", "(i % 1000000 + 700000)")} as uscc, null as difference, null as born,
                              '存续' as status, null as revoked, null as cancelled, name || '分公司' as name,
                              date '{setup.first}' as filed_on) from legacy)
        select *, '9901' || lpad(cast(i as varchar), 12, '0') as entity_id from everyone""")


def _taken_from(kind: str, first: int, shops: int, step: int) -> str:
    """SELECT of copies of entities of a kind, numbered from `first`: the first of the kind at or after each step."""
    return f"""
        select {first} + n as i, r.* exclude (i)
        from (
            select n, x.i as model from (select n, n * {step} as least from range({shops}) g(n)) wanted
            asof join (select distinct i from told where type = '{kind}') x on wanted.least <= x.i) chosen
        join (select * from told where version = 0 and type = '{kind}') r on r.i = chosen.model"""


def create_rows(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> None:
    """Creates table register_entity_row: the filed states as they are delivered, defects planted."""
    wrong = uscc_sql("'91'", "district_code", "(i % 1000000 + 700000)", slip=1)
    con.execute(f"""
        create table register_entity_row as
        with chosen as (
            select *, {planted("vk", "register", defects.rates("register_entity"), CONDITIONS)} as defect from filed),
        sound as (
            select row_number() over (order by i) - 1 as place, count(*) over () as places, uscc as taken from chosen
            where defect is null and born is null and uscc is not null and i not in (select i from chosen where version = 1)),
        repeated as (
            select c.*, unnest(case when defect = 'DUP' then [0, 1] else [0] end) as copy, coalesce(defect, '') as d, s.taken
            from chosen c
            cross join (select max(places) as places from sound) n
            left join sound s on s.place = case when c.defect = 'E4' then (c.i * 13 + 5) % n.places end)
        select vk, i, version, copy, defect, difference, filed_on,
               cast(filed_on as timestamp) + seconds(68400 + span(vk, 'filed at', 0, 3600)) as upd_time,
               case when d = 'R2' then null else entity_id end as pripid,
               case d when 'E1' then substr(uscc, 1, 17) || case when substr(uscc, 18) = '7' then '8' else '7' end
                      when 'E1w' then {wrong} when 'E4' then taken else uscc end as uniscid,
               case when d = 'E1b' then substr(reg_no, 1, 9) else reg_no end as regno,
               case when d = 'R1' then null when u(vk, 'blank') < 0.004 then substr(name, 1, 2) || ' ' || substr(name, 3) else name end as entname,
               type as enttype, rep as lerep, capital as regcap,
               case when d = 'T1' then pick(['不详', '1899年', '20103'], vk, 'word')
                    when u(vk, 'format') < 0.05 then strftime(founded, '%Y年%m月%d日') else strftime(founded, '%Y-%m-%d') end as estdate,
               strftime(approved, '%Y-%m-%d') as apprdate,
               case d when 'E2' then '正常经营' when 'E3b' then '注销' else status end as regstate,
               case when d = 'E3' then strftime(founded - 400, '%Y-%m-%d') else strftime(cancelled, '%Y-%m-%d') end as candate,
               strftime(revoked, '%Y-%m-%d') as revdate,
               case when d = 'E7' then '99' || digits(vk, 'trade', 2) else industry end as industryco,
               address as dom, authority as regorg, phone as tel, district_code as xzqh
        from repeated""")
