"""The drops of the patrols: CSV in UTF-8; once a file of tracks brings a point that is older than it may be kept."""

# ruff: noqa: E501  -- Chinese headings, in which a character counts as two columns

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import duckdb

from departments import answers, outbox
from departments.defects import Defects
from departments.files import delimited
from departments.home import Home, Setup
from departments.patrol import walks

TOO_OLD = timedelta(days=45)


class Sheet(NamedTuple):
    """One table: stem of its files, its rows, what says when a row is told, its key, and headings of its columns."""

    stem: str
    table: str
    relation: str
    told_on: str
    key: str
    headings: dict[str, str]


SHEETS = (
    Sheet("班次", "patrol_shift", "shift_row", "moment", "shift_id", {
        "shift_id": "班次编号", "org": "巡查单位", "grid_code": "责任网格", "inspector": "巡查员", "duty": "巡查职责", "route": "巡查路线",
        "starts_at": "开始时间", "ends_at": "结束时间", "quota": "应巡网格数", "stay": "停留标准", "conclusion": "巡查结论", "updated_at": "更新时间",
    }),
    Sheet("轨迹", "patrol_track", "track_row", "told_at", "concat_ws('|', shift_id, tracked_at)", {
        "shift_id": "班次编号", "tracked_at": "定位时间", "lon": "经度", "lat": "纬度",
    }),
    Sheet("事件", "patrol_event", "event_row", "moment", "event_id", {
        "event_id": "事件编号", "channel": "发现方式", "device_id": "设备编号", "class": "事件类别", "found_at": "发现时间",
        "lon": "经度", "lat": "纬度", "grid_code": "单元网格", "confidence": "置信度",
    }),
)  # fmt: skip


def generate(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, defects: Defects) -> None:
    """Stages every drop, adds its defects to the answer key, and keeps what was seen as truth."""
    patrols = walks.PATROLS[setup.scale]
    walks.create_shifts(con, setup, patrols, defects)
    walks.create_tracks(con, patrols, defects)
    walks.create_events(con, setup, patrols, defects)
    days = sorted(
        setup.last - timedelta(days=n) for n in range(0, (setup.last - setup.first).days + 1, patrols.delivery_days)
    )
    share = defects.files.get("patrol", {}).get("too_old")
    broken = days[int(share * (len(days) - 1))] if share is not None else None
    for day in days:
        since = max(day - timedelta(days=patrols.delivery_days - 1), setup.first)
        for sheet in SHEETS:
            _stage(con, home, sheet, since, day, is_broken=day == broken)
    _write_truth(con, home, setup, patrols)


def _stage(
    con: duckdb.DuckDBPyConnection, home: Home, sheet: Sheet, since: date, day: date, *, is_broken: bool
) -> None:
    """Stages what is told from `since` to `day`; of a broken delivery the track comes at once and all of it a day later."""
    con.execute(f"""create or replace temp table line as
        select *, row_number() over (order by k, copy) as line, {sheet.key} as row_key from {sheet.relation}
        where cast({sheet.told_on} as date) between '{since}' and '{day}'""")
    header, columns = list(sheet.headings.values()), ", ".join(sheet.headings)
    rows = [list(row) for row in con.execute(f"select {columns} from line order by line").fetchall()]
    if not rows:
        return
    name, delivered = f"{sheet.stem}_{day:%Y%m%d}.csv", day
    if is_broken:
        if sheet.table == "patrol_track":
            old = [*rows, [rows[0][0], f"{day - TOO_OLD} 08:00:00", *rows[0][2:]]]
            outbox.stage(home, "patrol", day, name, delimited(header, old, encoding="utf-8-sig"))
            con.execute(
                "insert into answer values ('patrol', 'patrol_track', null, null, ?, ?, null, 'T4', ?)",
                [day, name, answers.HELD],
            )
        name, delivered = f"{sheet.stem}_{day:%Y%m%d}_v2.csv", day + timedelta(days=1)
    outbox.stage(home, "patrol", delivered, name, delimited(header, rows, encoding="utf-8-sig"))
    answers.add(
        con,
        "patrol",
        sheet.table,
        f"""
        select row_key, cast(null as timestamp) as version_at, date '{day}' as business_date, '{name}' as file_name, line, defect as rule_id
        from line where defect is not null and copy = (case defect when 'DUP' then 1 else 0 end)""",
    )


def _write_truth(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, patrols: walks.Patrols) -> None:
    """Truth patrol_shift: of each shift that counts how many cells it was to see and saw, where its track is long
    enough to say so; patrol_event: each event once, with who found it first."""
    home.truth("patrol_shift").parent.mkdir(parents=True, exist_ok=True)
    con.execute(f"""
        copy (
            with good as (select * from track_row where copy = 0 and d in ('', 'DUP')),
            point as (select shift_id, lon, lat from good),
            track as (select shift_id, count(*) as points from point group by shift_id),
            seen as (
                select s.shift_id, count(distinct c.place) as seen from patrol_shift s join route_cell c on c.k = s.k join point p on p.shift_id = s.shift_id
                where abs(p.lon - c.lon) * 91000 < 0.15 * c.side_m and abs(p.lat - c.lat) * 111320 < 0.15 * c.side_m group by s.shift_id)
            select s.shift_id, {patrols.cells} as planned, case when points >= 5 then coalesce(seen, 0) else 0 end as seen
            from patrol_shift s left join track using (shift_id) left join seen using (shift_id)
            where s.ends_at < date '{setup.last}' + 1 and s.k not in (select shift_k from shift_row where d = 'T5')
            order by all) to '{home.truth("patrol_shift")}' (format parquet)""")
    con.execute(f"""
        copy (select event_id, is_machine, turn = 50 as is_both, d = 'T3' as is_burst from event_row
              where copy = 0 and d not in ('T2', 'T8', 'T1') and moment < date '{setup.last}' + 1
              order by all) to '{home.truth("patrol_event")}' (format parquet)""")
