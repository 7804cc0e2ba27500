"""The daily drop: cases as GB18030 text or Excel, side lists as text; some come late, twice, or broken."""

# ruff: noqa: E501  -- Chinese headings, in which a character counts as two columns

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import duckdb

from departments import answers, outbox, places
from departments.defects import Defects
from departments.files import delimited, workbook
from departments.grid import cases, lists, plays
from departments.home import Home, Setup
from departments.hotline.log import months
from departments.scales import SCALES

ENCODING = "gb18030"
HEADINGS = {
    "report_at": "上报时间", "case_no": "任务号", "class_major": "大类名称", "class_minor": "小类名称", "source_channel": "问题来源",
    "description": "问题描述", "stage": "当前阶段名称", "handle_org": "处置部门", "bundled_deadline_at": "捆绑处置截止时间",
    "close_at": "结案时间", "area": "所属片区", "case_kind": "问题类型", "address": "地址描述", "street": "所属街道",
    "community": "所属社区", "inspector": "监督员", "deadline_at": "处置截止时间", "x": "X坐标", "y": "Y坐标", "district": "所属区域",
    "ext_reason": "延期理由", "handle_opinion": "处置意见", "grid_code": "单元网格", "ext_count": "延期次数",
    "component_code": "部件标识码", "file_at": "立案时间", "dispatch_at": "派遣时间", "handle_at": "处置时间",
    "feedback_at": "反馈时间", "verify_at": "核查时间", "rework_count": "返工次数", "updated_at": "更新时间", "photo_hash": "照片指纹",
}  # fmt: skip
OLD_HEADINGS = {
    "case_no": "案卷号", "class_major": "大类", "class_minor": "小类", "stage": "阶段", "inspector": "采集员", "x": "X",
    "y": "Y", "grid_code": "网格编码",
}  # fmt: skip
EXTRA_FIELDS = ("", "见附件")  # what makes a record of text unreadable


class Drop(NamedTuple):
    """How the export of one day is delivered."""

    day: date
    textual: bool
    old_layout: bool
    delivered_on: date
    twice: bool
    broken: str | None


def generate(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, defects: Defects) -> None:
    """Stages every drop and adds its defects to the answer key."""
    scale, plan = SCALES[setup.scale], plan_drops(con, setup, defects)
    con.execute("create table drop_day (day date, textual boolean)")
    con.executemany("insert into drop_day values (?, ?)", [(drop.day, drop.textual) for drop in plan.values()])
    plays.create_truth(con)
    for since, until in months(setup.first, setup.last):
        back = max(since - timedelta(days=cases.LOOKBACK_DAYS), setup.first - timedelta(days=setup.history_days))
        cases.create_cases(con, scale, str(back), str(until))
        plays.add_truth(con, str(back if since == setup.first else since), str(until))
        cases.create_exports(con, defects.rates("grid_case"), str(since), str(until))
        cases.create_rows(con)
        places.write_truth(con, home, f"address_case_{since:%Y%m%d}", "case_row", "case_no")
        for side in lists.LISTS:
            lists.create_list(con, side, defects, str(since), str(until))
        for drop in (plan[day] for day in plan if since <= day <= until):
            _stage_cases(con, home, setup, drop)
            for side in lists.LISTS:
                _stage_list(con, home, setup, drop, side)
    plays.write_truth(con, home)


def plan_drops(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> dict[date, Drop]:
    """How each day is delivered: Monday, Wednesday and Friday as text, in the old layout for the first third."""
    rates, days = defects.files.get("grid", {}), list(setup.days())
    broken = {_at(days, share): kind for kind, share in rates.get("held", {}).items()}
    surely_late, surely_twice = (
        {_at(days, share) for share in rates.get(name, ())} for name in ("late_on", "twice_on")
    )
    plan = {}
    for number, day in enumerate(days):
        ordinal = (day - date(2000, 1, 1)).days
        late, twice, wait = con.execute(
            "select u($1, 'grid late'), u($1, 'grid twice'), 2 + cast(u($1, 'grid wait') * 2 as integer)", [ordinal]
        ).fetchone() or (1.0, 1.0, 0)
        kind = broken.get(day)
        is_late = (late < rates.get("late", 0) or day in surely_late) and not kind
        is_twice = (twice < rates.get("twice", 0) or day in surely_twice) and not kind
        plan[day] = Drop(
            day,
            textual=kind == "undecodable" or (kind is None and day.weekday() in (0, 2, 4)),
            old_layout=number * 3 < len(days),
            delivered_on=day + timedelta(days=wait if is_late else 0),
            twice=is_twice,
            broken=kind,
        )
    return plan


def _at(days: list[date], share: float) -> date:
    """The day at a share of the period."""
    return days[int(share * (len(days) - 1))]


def _stage_cases(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, drop: Drop) -> None:
    rows = _rows(con, "case_row", list(HEADINGS), drop.day)
    header = [OLD_HEADINGS.get(c, HEADINGS[c]) if drop.old_layout and drop.textual else HEADINGS[c] for c in HEADINGS]
    stem, suffix = f"{drop.day}/案件_{drop.day:%Y%m%d}", "csv" if drop.textual else "xlsx"
    content = _case_file(drop, header, rows)
    name, delivered = f"{stem}.{suffix}", drop.delivered_on
    if drop.broken:
        outbox.stage(home, "grid", drop.day, name, _broken_file(drop, header, rows, content))
        _answer_held(con, drop, name)
        name, delivered = f"{stem}_v2.{suffix}", drop.day + timedelta(days=1)
    outbox.stage(home, "grid", delivered, name, content)
    if drop.twice:
        outbox.stage(home, "grid", delivered + timedelta(days=1), f"{stem}_v2.{suffix}", content)
    if delivered <= setup.last:
        _answer(con, "grid_case", "case_no", drop.day, name)


def _case_file(drop: Drop, header: list[str], rows: list[list[object]]) -> bytes:
    if drop.textual:
        return delimited(header, rows, encoding=ENCODING)
    return workbook("案件明细", f"云州市网格化案件日报（{drop.day}）", header, [_with_numbers(row) for row in rows])


def _broken_file(drop: Drop, header: list[str], rows: list[list[object]], content: bytes) -> bytes:
    """The file as it came broken: cut within a character, or without the column of the stage."""
    if drop.broken == "undecodable":
        return content[: len(content) * 3 // 5] + b"\xff"  # no character of GB18030 has this byte
    place = list(HEADINGS).index("stage")
    return _case_file(drop, header[:place] + header[place + 1 :], [row[:place] + row[place + 1 :] for row in rows])


def _with_numbers(row: list[object]) -> list[object]:
    """The row with the Y coordinate as a number where it is one, as X is."""
    place = list(HEADINGS).index("y")
    try:
        return [*row[:place], float(str(row[place])), *row[place + 1 :]]
    except ValueError:
        return row


def _stage_list(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, drop: Drop, side: lists.SideList) -> None:
    columns = [row[0] for row in con.execute(f"describe {side.table}_row").fetchall()][6:]
    rows = _rows(con, f"{side.table}_row", columns, drop.day)
    if not rows:
        return
    name = f"{drop.day}/{side.stem}_{drop.day:%Y%m%d}.txt"
    delivered = drop.day + timedelta(days=1) if drop.broken else drop.delivered_on
    outbox.stage(
        home, "grid", delivered, name, delimited(side.header, rows, encoding=ENCODING, delimiter=side.delimiter)
    )
    if delivered <= setup.last:
        _answer(con, side.table, f"case_no, {columns[1]}", drop.day, name)


def _rows(con: duckdb.DuckDBPyConnection, table: str, columns: list[str], day: date) -> list[list[object]]:
    """The rows of a day in file order; an unreadable one has fields too many."""
    query = f"select defect, {', '.join(columns)} from {table} where seen_on = ? order by k, vk, copy"
    return [
        [*row[1:], *EXTRA_FIELDS] if row[0] == "R3" else list(row[1:]) for row in con.execute(query, [day]).fetchall()
    ]


def _answer(con: duckdb.DuckDBPyConnection, table: str, key: str, day: date, name: str) -> None:
    relation = "case_row" if table == "grid_case" else f"{table}_row"
    answers.add(
        con,
        "grid",
        table,
        f"""select concat_ws('|', {key}) as row_key, date_trunc('second', version_at) as version_at, seen_on as business_date,
                   '{name}' as file_name, line, defect as rule_id
            from (select *, row_number() over (order by k, vk, copy) as line from {relation} where seen_on = '{day}')
            where defect is not null and copy = (case when defect in ('D1', 'DUP') then 1 else 0 end)""",
    )


def _answer_held(con: duckdb.DuckDBPyConnection, drop: Drop, name: str) -> None:
    rule = "B2" if drop.broken == "undecodable" else "B3"
    con.execute(
        "insert into answer values ('grid', 'grid_case', null, null, ?, ?, null, ?, ?)",
        [drop.day, name, rule, answers.HELD],
    )
