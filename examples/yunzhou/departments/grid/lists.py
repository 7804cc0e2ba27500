"""The three side lists of a daily drop: approvals that move a deadline, returns for rework, overtime."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

from typing import NamedTuple

import duckdb

from departments.chance import planted, text_list
from departments.defects import Defects

TIME = "strftime({}, '%Y-%m-%d %H:%M:%S')".format
REWORK = ["清理不彻底", "现场复发", "照片不清晰", "未恢复原状"]


class SideList(NamedTuple):
    """One side list: file stem, delimiter, columns in delivered order, and how a row of it comes about."""

    stem: str
    table: str
    delimiter: str
    header: tuple[str, ...]
    when: str  # the moment of the case at which it is listed
    condition: str
    number: str  # second part of the key, as delivered
    others: str  # the columns after the first three
    relation: str = "grid_case"
    turn: str = "0"  # tells the rows of one case apart


# What is asked for a case: more time, a pause while nothing can be done, another office than it was sent to.
ASKED = """(
    select *, '延期' as asked, extended as asked_at, 1 as asked_no from grid_case where extended is not null
    union all select *, '挂账', hung_from, 2 from grid_case where hung_from is not null
    union all select *, '回退', misrouted, 3 from grid_case where misrouted is not null)"""
LISTS = (
    SideList(
        "延期", "grid_extension", "\t", ("任务号", "延期序号", "申请时间", "延期理由", "批准人", "新截止时间", "申请类型", "挂账至"),
        "asked_at", "true", "cast(asked_no as varchar)",
        "case asked when '延期' then pick(['工程量大，需申请资金', '天气原因无法施工', '权属单位协调中', '备件采购中'], k, 'reason') "
        "when '挂账' then '季节性停工' else '不属本单位职责' end as reason, person(k, 'chief') as approved_by, case asked when '延期' then "
        + TIME("case d when 'G10b' then extended - interval 1 day when 'G3b' then new_deadline + to_years(178) else new_deadline end")
        + " end as new_deadline_at, case d when 'G10c' then '其他' else asked end as asked, case asked when '挂账' then " + TIME("hung_to") + " end as hung_to",
        ASKED, "asked_no",
    ),
    SideList(
        "返工", "grid_rework", ",", ("任务号", "返工序号", "返工时间", "返工原因", "核查人"),
        "returned", "returned is not null", "'1'",
        f"pick({text_list(REWORK)}, k, 'why') as reason, person(k, 'checker') as returned_by",
    ),
    SideList(
        "超时", "grid_overtime", "\t", ("任务号", "超时时间", "处置部门", "超时说明"),
        "coalesce(new_deadline, deadline)", "handle_1 > coalesce(new_deadline, deadline)", "",
        "(select name from org where org_code = 'YZ-CGJ') as handle_org, '超过处置时限' as reason",
    ),
)  # fmt: skip


def create_list(con: duckdb.DuckDBPyConnection, side: SideList, defects: Defects, since: str, until: str) -> None:
    """Creates table <side.table>_row: the delivered rows of one list of the days `since` to `until`, defects planted."""
    rates = defects.rates(side.table)
    moment = TIME(f"case when d = 'G3b' then {side.when} + to_years(178) else {side.when} end")
    listed = f"case when d = 'R1' then null else {moment} end as listed_at"
    numbered = f"case when d = 'T1' then '一' else {side.number} end as number, {listed}" if side.number else listed
    con.execute(f"drop table if exists {side.table}_row")
    con.execute(f"""
        create table {side.table}_row as
        with listed as (
            select *, cast({side.when} as date) as seen_on, k * 4 + {side.turn} as vk,
                   {planted("k * 4 + " + side.turn, side.table, rates, {"G10b": "asked = '延期'"})} as defect
            from {side.relation} where not is_void and {side.condition}),
        repeated as (
            select *, unnest(case when defect = 'DUP' then [0, 1] else [0] end) as copy, coalesce(defect, '') as d
            from listed where seen_on between '{since}' and '{until}')
        select k, vk, copy, seen_on, defect, cast(null as timestamp) as version_at,
               case when d = 'G1' then '2.0' || strftime(day, '%y%m') || 'E+14'
                    else strftime(day, '%Y%m%d') || lpad(cast(n as varchar), 7, '0') end as case_no,
               {numbered}, {side.others}
        from repeated""")
