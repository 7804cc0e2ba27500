"""Judged rows to their places: held with their batch, quarantined, repetitions, or versions of their key."""

from __future__ import annotations

import statistics
from datetime import timedelta

import duckdb

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


def hold(con: duckdb.DuckDBPyConnection, table: str) -> None:
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


def settle(con: duckdb.DuckDBPyConnection, table: str) -> None:
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
        select '{table}', batch, file_name, line, bad, raw from {table}_judged
        where len(bad) > 0 and batch not in {held}
        union all
        select '{table}', batch, file_name, line, ['D1'], null from (
            select {place}, {conflict} as conflicts from (
                select *, hash(*columns(* exclude ({place}, flags, bad, raw))) as row_hash
                from {table}_judged where len(bad) = 0 and batch not in {held})) where conflicts""")
