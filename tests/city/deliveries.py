"""What the departments delivered, counted from their own systems with none of the platform's readers."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from tests.city.systems import Systems

# Table and encoding of a dropped file by the words of its name; Excel and XML say their encoding themselves.
FILES = {
    "grid": {"案件": ("case", "gb18030"), "延期": ("extension", "gb18030"), "返工": ("rework", "gb18030"),
             "超时": ("overtime", "gb18030")},
    "credit": {"法人": ("entity", "gb18030"), "行政处罚2018": ("penalty", "utf-8-sig"),
               "行政处罚2016": ("penalty", "gb18030"), "信用修复": ("repair", "utf-8"),
               "信用记录": ("record", "utf-8-sig")},
}  # fmt: skip
NAME = re.compile(r"(?P<words>.+)_(?P<day>\d{8})(_v\d+)?\.(csv|txt|xlsx|xml)")


@dataclass(frozen=True)
class Dropped:
    """One file in a drop folder; `rows` is None when it is not text in its encoding."""

    feed: str
    table: str
    day: date
    name: str
    content: bytes
    rows: int | None


def dropped(systems: Systems) -> Iterator[Dropped]:
    """Every file that was dropped."""
    for feed, kinds in FILES.items():
        folder = systems.home / "drop" / feed
        for file in sorted(path for path in folder.rglob("*.*") if path.is_file()):
            match = NAME.fullmatch(file.name)
            assert match is not None, file
            table, encoding = kinds[match["words"]]
            content, name = file.read_bytes(), file.relative_to(folder).as_posix()
            day = date.fromisoformat(match["day"])
            yield Dropped(feed, table, day, name, content, rows_of(file.suffix, content, encoding))


def rows_of(suffix: str, content: bytes, encoding: str) -> int | None:
    """Data rows of a file: records after the header, elements of the root, sheet rows after title and header."""
    if suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            return book.read("xl/worksheets/sheet1.xml").count(b"<row ") - 2
    if suffix == ".xml":
        return content.count(b"</XZCF>") + content.count(b"</ROW>")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return None
    return sum(1 for _ in csv.reader(io.StringIO(text, newline=""))) - 1


def hotline_rows(systems: Systems) -> Counter[tuple[str, str, date]]:
    """Records of the hotline's change log by (feed, table, business date)."""
    found: Counter[tuple[str, str, date]] = Counter()
    for table, stem in (("ticket", "tickets"), ("visit", "visits")):
        query = f"select business_date, count(*) from '{systems.home}/hotline/{stem}-*.parquet' group by all"
        found.update({("hotline", table, day): rows for day, rows in duckdb.sql(query).fetchall()})
    return found


def permit_rows(database: Path, since: date, until: date) -> Counter[tuple[str, str, date]]:
    """Rows of a permits database by the day of their last change."""
    query = "select date(gxsj), count(*) from xk_info where gxsj >= ? and gxsj < ? group by 1"
    with closing(sqlite3.connect(database)) as con:
        rows = con.execute(query, (str(since), str(until + timedelta(days=1)))).fetchall()
    return Counter({("permits", "permit", date.fromisoformat(day)): count for day, count in rows})
