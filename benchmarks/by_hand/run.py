"""Builds the five open datasets from landed objects with DuckDB and nothing else: read, judge, resolve, write."""

from __future__ import annotations

import sqlite3
import statistics
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from benchmarks.by_hand.files import BrokenFileError, delimited, document, workbook
from benchmarks.stopwatch import Stopwatch

SQL = Path(__file__).with_name("sql")
VOCABULARY = Path(__file__).resolve().parents[2] / "examples" / "yunzhou" / "vocabulary"
PSEUDONYM_KEY = "civiclake-demonstration-key"
OPEN = {
    "hotline_monthly": ("open_hotline_monthly", "month, district_code, ticket_type_code"),
    "grid_cases": ("open_grid_case", "case_no"),
    "permits": ("open_permit", "doc_no, authority_code"),
    "penalties": ("open_penalty", "doc_no, authority_code"),
    "legal_entities": ("open_legal_entity", "uscc"),
}
# Files DuckDB does not read: encoding and delimiter of text by table, and the columns every table needs.
TEXT = {
    "case": ("gb18030", ","), "extension": ("gb18030", "\t"), "rework": ("gb18030", ","), "overtime": ("gb18030", "\t"),
    "entity": ("gb18030", ","), "repair": ("utf-8", ","), "record": ("utf-8-sig", ","),
}  # fmt: skip
PENALTY_ENCODING = {2: "utf-8-sig", 3: "gb18030"}
OLD_NAMES = {
    "案卷号": "任务号", "大类": "大类名称", "小类": "小类名称", "阶段": "当前阶段名称", "采集员": "监督员",
    "X": "X坐标", "Y": "Y坐标", "网格编码": "单元网格", "CF_XZJGDM": "CF_CFJGDM", "CF_XZJG": "CF_CFJG", "CF_XDR": "CF_XDR_MC",
    "CF_XDR_SHXYDM": "CF_XDR_SHXYM", "CF_XDR_SFZ": "CF_XDR_ZJHM", "CF_FR": "CF_FRDB", "CF_CFMC": "CF_WFXW",
    "CF_CFLB1": "CF_CFLB", "CF_JG": "CF_NR", "DFBM": "CF_SJLY",
}  # fmt: skip
REQUIRED = {
    "case": {"任务号", "上报时间", "大类名称", "小类名称", "问题类型", "当前阶段名称", "更新时间"},
    "penalty": {"CF_WSH", "CF_CFJGDM", "CF_CFJG", "CF_XDR_MC", "CF_CFLB", "CF_JDRQ", "SJC"},
}
PENALTY_COLUMNS = [
    "CF_XDR_LB",
    "CF_XDR_SHXYM",
    "CF_XDR_ZJLX",
    "CF_XDR_ZJHM",
    "CF_FRDB",
    "CF_WFXW",
    "CF_SY",
    "CF_YJ",
    "CF_CFLB2",
    "CF_NR",
    "CF_NR_FK",
    "CF_NR_WFFF",
    "CF_NR_ZKDX",
    "CF_YXQ",
    "CF_GSJZQ",
    "CF_SXCD",
    "CF_AYDM",
    "CF_AJH",
    "CF_SJLY",
    "CF_ZT",
    "BZ",
    "CF_JDRQ",
]
# Judged table: feed, key, version column, days in which an equal row is a repetition (None: always), limits of volume.
TABLES = {
    "ticket": ("hotline", ["ticket_no"], "updated_at", 60, 6.0),
    "visit": ("hotline", ["ticket_no", "visit_no"], "updated_at", 60, 6.0),
    "case": ("grid", ["case_no"], "updated_at", 30, 6.0),
    "extension": ("grid", ["case_no", "ext_no"], None, 30, 6.0),
    "rework": ("grid", ["case_no", "rework_no"], None, 30, 6.0),
    "overtime": ("grid", ["case_no", "listed_at"], None, 30, 6.0),
    "permit": ("permits", ["doc_no", "authority_code"], "updated_at", None, 8.0),
    "entity": ("credit", ["uscc"], "updated_at", 45, 8.0),
    "penalty": ("credit", ["doc_no", "authority_code"], "published_at", 45, 8.0),
    "repair": ("credit", ["repair_id"], "updated_at", 45, 8.0),
    "record": ("credit", ["record_id"], None, None, 8.0),
}
REMOVED = ("permit", "record")
MAX_BAD_SHARE, BAD_SHARE_MIN_ROWS, VOLUME_MIN_HISTORY, VOLUME_DAYS = 0.02, 1000, 8, 182


def build(landing: Path, target: Path, as_of: date) -> dict[str, Any]:
    """Write `files/` and the database below `target`; wall-clock (`phases`) and processor (`cpu`) seconds by step."""
    watch = Stopwatch()
    with watch.phase("start-up: open the database"):
        target.mkdir(parents=True, exist_ok=True)
        con = duckdb.connect(str(target / "by_hand.duckdb"), config={"memory_limit": "4GB"})
        con.execute("set variable as_of = cast($day as date)", {"day": as_of.isoformat()})
        con.execute("set variable pseudonym_key = $key", {"key": PSEUDONYM_KEY})
        _run(con, "00_macros", "05_coordinates")
    with watch.phase("vocabularies"):
        _vocabulary(con)
        _run(con, "10_vocabulary")
    pieces = _pieces(con, landing)
    for name, feed in (
        ("20_hotline", "hotline"),
        ("21_grid", "grid"),
        ("22_permits", "permits"),
        ("23_credit", "credit"),
    ):
        with watch.phase(f"reading {feed}: read, type, judge"):
            _read(con, pieces, feed)
            _run(con, name)
    with watch.phase("quarantine, duplicates, deletes"):
        for table in TABLES:
            _hold(con, table)
        for table in TABLES:
            _settle(con, table)
    for name, step in (("40_topic", "base and topics"), ("50_theme", "themes"), ("60_open", "open datasets")):
        with watch.phase(step):
            _run(con, name)
    with watch.phase("files"):
        _write(con, target / "files")
    with watch.phase("close"):
        con.close()
    return {"phases": watch.wall, "cpu": watch.cpu}


def _run(con: duckdb.DuckDBPyConnection, *names: str) -> None:
    for name in names:
        con.execute((SQL / f"{name}.sql").read_text(encoding="utf-8"))


def _vocabulary(con: duckdb.DuckDBPyConnection) -> None:
    types = {"valid_from": "DATE", "valid_to": "DATE", "day": "DATE", "level": "INTEGER", "is_working": "BOOLEAN",
             "value": "DOUBLE", "limit_value": "DOUBLE", "min_months": "INTEGER", "max_months": "INTEGER",
             "start_time": "TIME", "end_time": "TIME", "min_fine_yuan": "DECIMAL(18,2)", "max_fine_yuan": "DECIMAL(18,2)",
             "area_m2": "DOUBLE", "lon": "DOUBLE", "lat": "DOUBLE", "radius_m": "DOUBLE"}  # fmt: skip
    for file in sorted(VOCABULARY.glob("*.csv")):
        with file.open(encoding="utf-8-sig") as text:
            columns = text.readline().strip().split(",")
        kinds = {name: types.get(name, "VARCHAR") for name in columns}
        con.execute(f"create table {file.stem} as from read_csv('{file}', header = true, columns = {kinds})")


def _pieces(con: duckdb.DuckDBPyConnection, landing: Path) -> list[tuple[Any, ...]]:
    """What landed, in order of arrival: table `piece`, and the same rows."""
    ledger = sqlite3.connect(f"file:{landing / 'landing.sqlite'}?mode=ro", uri=True)
    rows = ledger.execute(
        "select r.feed, r.table_name, r.role, r.variant, r.object_id, r.file_name, b.business_date,"
        " dense_rank() over (order by b.closed_at, b.business_date, b.batch_id)"
        " from receipt r join batch b using (batch_id) order by 8, 2, 6"
    ).fetchall()
    ledger.close()
    pieces = [
        (number, feed, table, role, variant, str(landing / "objects" / sha[:2] / sha), name, day, batch)
        for number, (feed, table, role, variant, sha, name, day, batch) in enumerate(rows)
    ]
    names = ("piece", "feed", "tbl", "role", "variant", "path", "file_name", "business_date", "batch")
    con.register("_piece", pa.table(dict(zip(names, map(list, zip(*pieces, strict=True)), strict=True))))
    con.execute("create table piece as select * replace (cast(business_date as date) as business_date) from _piece")
    con.execute("create table held (feed varchar, batch bigint, reason varchar)")
    con.execute(
        "create table quarantine (tbl varchar, batch bigint, file_name varchar, line bigint, rules varchar[], raw json)"
    )
    con.execute("create table duplicate (tbl varchar, batch bigint, file_name varchar, line bigint)")
    for table, role, variable in (
        ("ticket", "data", "ticket_files"), ("visit", "data", "visit_files"), ("permit", "data", "permit_files"),
        ("permit", "keys", "permit_key_files"),
    ):  # fmt: skip
        con.execute(
            f"set variable {variable} = (select list(distinct path) from piece where tbl = ? and role = ?)",
            [table, role],
        )
    return pieces


def _read(con: duckdb.DuckDBPyConnection, pieces: list[tuple[Any, ...]], feed: str) -> None:
    """Register `<table>_text` for the tables whose files DuckDB does not read."""
    tables: dict[str, list[pa.Table]] = {}
    for piece, of, table, _, variant, path, name, _, batch in pieces:
        if of != feed or (table not in TEXT and table != "penalty"):
            continue
        try:
            rows = _rows(table, variant, Path(path), name)
            missing = REQUIRED.get(table, set()) - set(rows.schema.names)
            if missing:
                raise BrokenFileError(f"B3: lacks {missing}")
        except BrokenFileError as error:
            con.execute("insert into held values (?, ?, ?)", [feed, batch, str(error)])
            continue
        tables.setdefault(table, []).append(rows.append_column("piece", pa.array([piece] * len(rows), pa.int64())))
    for table, parts in tables.items():
        wanted = pa.schema(
            [("error", pa.string()), *((name, pa.string()) for name in PENALTY_COLUMNS if table == "penalty")]
        )
        con.register(f"{table}_text", pa.concat_tables([wanted.empty_table(), *parts], promote_options="default"))


def _rows(table: str, variant: int, path: Path, name: str) -> pa.Table:
    if name.endswith(".xlsx"):
        rows = workbook(path)
    elif name.endswith(".xml"):
        rows = document(path)
    else:
        encoding, delimiter = TEXT.get(table) or (PENALTY_ENCODING[variant], ",")
        rows = delimited(path, encoding, delimiter)
    return rows.rename_columns([OLD_NAMES.get(column, column) for column in rows.schema.names])


def _hold(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Hold batches with too many bad rows, or with a volume unlike that of the same weekday before."""
    feed, _, _, _, limit = TABLES[table]
    con.execute(
        f"insert into held select '{feed}', batch, 'B7' from {table}_judged group by batch having count(*) >= "
        f"{BAD_SHARE_MIN_ROWS} and count(*) filter (len(bad) > 0) > {MAX_BAD_SHARE} * count(*)"
    )
    rows = con.execute(
        f"select batch, business_date, count(*) from {table}_judged where batch not in "
        f"(select batch from held where feed = '{feed}') group by all order by batch"
    ).fetchall()
    history: dict[int, list[int]] = {}
    if not rows:
        return
    since = min(day for _, day, _ in rows) - timedelta(days=VOLUME_DAYS)
    for batch, day, count in rows:
        before = history.setdefault(day.isoweekday(), [])
        if len(before) >= VOLUME_MIN_HISTORY and day >= since:
            mean = statistics.fmean(before)
            if abs(count - mean) / max(statistics.pstdev(before), mean**0.5, 1.0) > limit:
                con.execute("insert into held values (?, ?, 'B5')", [feed, batch])
                continue
        before.append(count)


def _settle(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Each judged row to its place: the versions of `table`, quarantine, or duplicate."""
    feed, keys, version, days, _ = TABLES[table]
    key = ", ".join(keys)
    place = "batch, business_date, file_name, line"
    held = f"(select batch from held where feed = '{feed}')"
    first = f"first_value(row_hash) over (partition by batch, {key}, {version} order by file_name, line)"
    conflict = f"{version} is not null and row_hash <> {first}" if version else "false"
    removed = (
        f"union all by name select *, true as is_deleted, 0 as line from {table}_removed" if table in REMOVED else ""
    )
    in_time = f"and business_date - lag(business_date) over w <= {days}" if days is not None else ""
    con.execute(f"""
        create or replace temp table told as
        with good as (
            select * exclude (bad, raw), raw, false as is_deleted,
                hash(*columns(* exclude ({place}, flags, bad, raw))) as row_hash
            from {table}_judged where len(bad) = 0 and batch not in {held}
        ),
        event as (
            select * from (select *, {conflict} as conflicts from good) where not conflicts {removed}
        )
        select *, coalesce(row_hash = lag(row_hash) over w and not lag(is_deleted) over w {in_time}, false) as repeats,
            lag(is_deleted) over w as was_deleted
        from event window w as (partition by {key} order by batch, is_deleted, file_name, line)""")
    at = f"coalesce({version}, cast(business_date as timestamp))" if version else "cast(business_date as timestamp)"
    con.execute(f"""
        create table "{table}" as
        select * exclude (raw, repeats, was_deleted, conflicts),
            case when is_deleted then business_date + interval 1 day else {at} end as version_at
        from told where case when is_deleted then not was_deleted else not repeats end""")
    con.execute(
        f"insert into duplicate select '{table}', batch, file_name, line from told where repeats and not is_deleted"
    )
    con.execute(f"""
        insert into quarantine
        select '{table}', batch, file_name, line, bad, raw from {table}_judged where len(bad) > 0 and batch not in {held}
        union all
        select '{table}', batch, file_name, line, ['D1'], null from (
            select {place}, {conflict} as conflicts from (
                select *, hash(*columns(* exclude ({place}, flags, bad, raw))) as row_hash
                from {table}_judged where len(bad) = 0 and batch not in {held})) where conflicts""")


def _write(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (table, key) in OPEN.items():
        con.execute(f"create or replace temp table sorted as from {table} order by {key}")
        con.execute(f"copy sorted to '{folder / name}.parquet' (format parquet, compression zstd)")
        con.execute(f"copy sorted to '{folder / name}.csv' (format csv, header, timestampformat '%Y-%m-%dT%H:%M:%S')")
