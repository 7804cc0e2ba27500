"""The register of legal entities: a full extract on the first day, then what changed each night."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

import duckdb

from departments.chance import planted
from departments.defects import Defects
from departments.home import Setup
from departments.registrations import create_registrations

HEADINGS = {
    "uscc": "统一社会信用代码", "reg_no": "注册号", "entity_name": "主体名称", "entity_type": "主体类型", "legal_rep": "法定代表人",
    "reg_capital": "注册资本", "established_on": "成立日期", "approved_on": "核准日期", "status": "登记状态", "cancelled_on": "注销日期",
    "revoked_on": "吊销日期", "industry_code": "行业代码", "reg_address": "住所", "authority": "登记机关", "phone": "联系电话",
    "division_code": "行政区划代码", "delta_no": "批次号", "updated_at": "更新时间",
}  # fmt: skip
CONDITIONS = {
    "E2": "cancelled is null",
    "E3": "cancelled is not null",
    "E3b": "status = '注销'",
    "R3": "born is not null or version = 1",
}


def create_register(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> None:
    """Creates table legal_entity_row: the delivered rows with their day `seen_on`, defects planted."""
    create_registrations(con, setup)
    con.execute(f"""
        create table legal_entity_row as
        with chosen as (
            select *, known_on as seen_on, {planted("vk", "entity", defects.rates("legal_entity"), CONDITIONS)} as defect
            from registration),
        repeated as (
            select *, unnest(case when defect = 'DUP' then [0, 1] else [0] end) as copy, coalesce(defect, '') as d from chosen)
        select vk, copy, seen_on, defect, cast(seen_on as timestamp) + seconds(72000 + span(vk, 'time', 0, 7200)) as version_at,
               case d when 'E1' then case when u(vk, 'slip') < 0.5 then lower(uscc)
                         else substr(uscc, 1, 17) || case when substr(uscc, 18) = '7' then '8' else '7' end end
                      when 'R2' then null else uscc end as uscc,
               reg_no, case when d = 'R1' then null else name end as entity_name, type as entity_type, rep as legal_rep,
               capital as reg_capital,
               case when d = 'T1' then pick(['不详', '1899年', '20103'], vk, 'word')
                    when u(vk, 'format') < 0.05 then strftime(founded, '%Y%m%d') else strftime(founded, '%Y-%m-%d') end as established_on,
               strftime(approved, '%Y-%m-%d') as approved_on,
               case when d = 'E2' then '正常经营' else status end as status,
               case d when 'E3' then strftime(founded - 400, '%Y-%m-%d') when 'E3b' then null
                      else strftime(cancelled, '%Y-%m-%d') end as cancelled_on,
               strftime(revoked, '%Y-%m-%d') as revoked_on,
               case when d = 'E7' then '99' || digits(vk, 'trade', 2) else industry end as industry_code,
               address as reg_address, authority, phone, district_code as division_code,
               date_diff('day', date '{setup.first}', seen_on) + 1 as delta_no,
               strftime(cast(seen_on as timestamp) + seconds(72000 + span(vk, 'time', 0, 7200)), '%Y-%m-%d %H:%M:%S') as updated_at
        from repeated""")
