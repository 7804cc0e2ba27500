"""Typing by declaration: text in, value or nothing out, checked against Python's own reading of the same text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.contract.model import Column
from orchestration.reading.typed import FULL_WIDTH, HALF_WIDTH, clean_text, typed_value
from tests.orchestration.reading_city import column

ZONE = "Asia/Shanghai"
CONNECTION = duckdb.connect(config={"autoinstall_known_extensions": False, "threads": 1})
DATES = st.dates(date(1912, 1, 1), date(2100, 12, 31))


@pytest.fixture(scope="module", autouse=True)
def _icu() -> Iterator[None]:
    from orchestration.lake.extensions import wheel_file

    CONNECTION.execute(f"LOAD '{wheel_file('icu', f'v{duckdb.__version__}')}'")
    yield
    CONNECTION.close()


def value(text: str | None, kind: str = "VARCHAR", *, native: bool = False, **options: Any) -> Any:
    """What `text` is read as in a column of DuckDB type `kind`."""
    described = Column.model_validate(column("c", kind, options=options))
    typed = typed_value(described, ZONE, native_dates=native).replace("{text}", "cleaned")
    query = f"SELECT {typed} FROM (SELECT {clean_text(described)} AS cleaned FROM (SELECT ?::VARCHAR AS c))"
    row = CONNECTION.execute(query, [text]).fetchone()
    assert row is not None
    return row[0]


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=20))
def test_text_is_only_trimmed(text: str) -> None:
    trimmed = text.strip(" \t\r\n\u00a0\u3000\ufeff")
    assert value(text) == (trimmed or None)
    assert value(text, trim=False) == (text or None)


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from(FULL_WIDTH + HALF_WIDTH + "①㎡豈名"), max_size=12))
def test_folding_changes_full_width_signs_and_nothing_else(text: str) -> None:
    folded = text.translate(str.maketrans(FULL_WIDTH, HALF_WIDTH)).strip()
    assert value(text, fold=True) == (folded or None)


@settings(max_examples=80, deadline=None)
@given(st.one_of(st.integers(-(2**70), 2**70).map(str), st.text(st.sampled_from("0123456789.+-eE, "), max_size=9)))
def test_integers_are_digits_or_nothing(text: str) -> None:
    bare = text.strip()
    whole, dot, rest = bare.partition(".")
    digits = whole.lstrip("+-") if whole[:1] in "+-" and whole[1:2] not in ("+", "-") else whole
    fits = digits.isdigit() and (not dot or (rest != "" and set(rest) == {"0"}))
    expected = int(whole) if fits and -(2**63) <= int(whole) < 2**63 else None
    assert value(text, "BIGINT") == expected


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(st.decimals(-(10**9), 10**9, places=3).map(str), st.text(st.sampled_from("0123456789.+-eE"), max_size=8))
)
def test_decimals_lose_nothing(text: str) -> None:
    try:
        number: Decimal | None = Decimal(text)
    except InvalidOperation:
        number = None
    found = value(text, "DECIMAL(18,2)")
    if found is not None:
        assert number is not None
        assert abs(found - number) < Decimal("1e-9")
    elif number is not None and abs(number) < 10**9 and "E" not in text.upper():
        assert number != number.quantize(Decimal("0.01"))


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("007", "VARCHAR", "007"),
        ("１２３", "BIGINT", 123),
        ("2.02401E+14", "BIGINT", None),
        ("12.0", "INTEGER", 12),
        ("1,234", "BIGINT", None),
        ("0.30000000000000004", "DECIMAL(18,2)", Decimal("0.30")),
        ("1.005", "DECIMAL(18,2)", None),
        ("nan", "DOUBLE", None),
        ("inf", "DOUBLE", None),
        ("是", "BOOLEAN", True),
        ("FALSE", "BOOLEAN", False),
        ("2", "BOOLEAN", None),
        ("2024-02-30", "DATE", None),
        ("2024-02-29 00:00:00", "DATE", date(2024, 2, 29)),
        ("2024-02-29 10:00:00", "DATE", None),
        ("2024-03-01T10:00:00", "TIMESTAMP", datetime(2024, 3, 1, 10)),
        ("2024-03-01T02:00:00Z", "TIMESTAMP", datetime(2024, 3, 1, 10)),
        ("2024-03-01T02:00:00+00:00", "TIMESTAMP", datetime(2024, 3, 1, 10)),
    ],
)
def test_declared_types_win(text: str, kind: str, expected: object) -> None:
    assert value(text, kind) == expected


def test_null_values_are_those_declared() -> None:
    words = ["", "无", "NULL"]
    assert [value(text, null_values=words) for text in ("", " 无 ", "NULL", "无人", None)] == [None] * 3 + [
        "无人",
        None,
    ]


@settings(max_examples=60, deadline=None)
@given(DATES, st.integers(0, 11))
def test_republic_of_china_dates_in_every_spelling(day: date, spelling: int) -> None:
    year, month, number = day.year - 1911, day.month, day.day
    wide = str.maketrans(HALF_WIDTH, FULL_WIDTH)
    written = [
        f"{year:03}{month:02}{number:02}",
        f"{year:02}{month:02}{number:02}",
        f"{year}/{month}/{number}",
        f"{year:03}/{month:02}/{number:02}",
        f"{year}.{month}.{number}",
        f"{year}-{month:02}-{number:02}",
        f"{year}年{month}月{number}日",
        f"民國{year}年{month}月{number}日",
        f"中華民國 {year} 年 {month} 月 {number} 日",
        f"民国{year}.{month:02}.{number:02}",
        f"{year}、{month}、{number}",
        f"{year}年{month}月{number}日".translate(wide),
    ][spelling]
    assert value(written, "DATE", formats=["roc"]) == day


@pytest.mark.parametrize("text", ["104/10/136", "1051725", "105/525", "105/2/30", "年月日", "1/2", ""])
def test_broken_republic_of_china_dates_are_nothing(text: str) -> None:
    assert value(text, "DATE", formats=["roc"]) is None


@settings(max_examples=60, deadline=None)
@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).map(lambda moment: moment.replace(microsecond=0)))
def test_instants_and_serials_become_wall_clock_time(moment: datetime) -> None:
    instant = moment.replace(tzinfo=ZoneInfo(ZONE))
    seconds = int(instant.timestamp())
    if datetime.fromtimestamp(seconds, ZoneInfo(ZONE)).replace(tzinfo=None) == moment:
        assert value(str(seconds), "TIMESTAMP", formats=["epoch_s"]) == moment
        assert value(str(seconds * 1000), "TIMESTAMP", formats=["epoch_ms"]) == moment
        written = instant.strftime("%Y-%m-%dT%H:%M:%S%z")
        assert value(written, "TIMESTAMP", formats=["%Y-%m-%dT%H:%M:%S%z"]) == moment
    serial = (moment - datetime(1899, 12, 30)) / timedelta(days=1)
    assert value(repr(serial), "TIMESTAMP", formats=["excel_serial"]) == moment
    assert value(str(int(serial)), "DATE", formats=["excel_serial"]) == moment.date()


def test_formats_are_tried_in_their_order_and_nothing_else_is() -> None:
    formats = ["%d/%m/%Y", "%m/%d/%Y"]
    assert value("03/04/2024", "DATE", formats=formats) == date(2024, 4, 3)
    assert value("03/14/2024", "DATE", formats=formats) == date(2024, 3, 14)
    assert value("2024-03-14", "DATE", formats=formats) is None
    assert value("2024-03-14 00:00:00", "DATE", formats=formats, native=True) == date(2024, 3, 14)
