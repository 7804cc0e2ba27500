"""Parquet is read as the text the other formats deliver, and an encrypted file by nobody without its key."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet as pq
from pyarrow.parquet.encryption import create_encryption_properties

from catalog.contract.options import Limits
from orchestration.landing.records import Receipt
from orchestration.reading.raw import open_source
from orchestration.reading.source import Findings, Piece
from tests.orchestration.reading_city import DAY, column, contract, table

COLUMNS = [column("id", key=1, physicalName="编号"), column("name"), column("n", "BIGINT"), column("at", "TIMESTAMP")]
ROWS = pa.table(
    {
        "N": pa.array([7, None], pa.int32()),
        "编号": ["007", "𠮷"],
        "at": [datetime(2026, 3, 1, 9), datetime(2026, 3, 1, 9, 0, 0, 500_000)],
    }
)
KEY = "00112233445566778899aabbccddeeff"
SEALED = {"kind": "parquet", "key": "${TEST_PARQUET_KEY}"}


def file_of(rows: pa.Table, key: str | None = None, **options: Any) -> bytes:
    sealed = create_encryption_properties(bytes.fromhex(key)) if key else None
    target = io.BytesIO()
    pq.write_table(rows, target, encryption_properties=sealed, **options)
    return target.getvalue()


def read(folder: Path, form: dict[str, Any], content: bytes, **limits: Any) -> tuple[list[tuple[Any, ...]], Findings]:
    """(rows of line, id, name, n, at; findings) of a file."""
    thing = contract(table("thing", COLUMNS, form)).tables[0]
    path = folder / "0.landed"
    path.write_bytes(content)
    receipt = Receipt("feed", "thing", "data", 0, path.name, "0" * 64, len(content), "test:", None, DAY, "1.0.0")  # type: ignore[arg-type]  # when it came does not matter here
    piece, form_of = Piece(0, receipt, path), thing.options.variants[0].format
    with duckdb.connect(config={"autoinstall_known_extensions": False, "threads": 1}) as con:
        source = open_source(con, thing, form_of, [piece], limits=Limits(**limits), scratch=folder)
        rows = con.execute(f'SELECT _line, id, name, n, "at" FROM {source.relation} ORDER BY _line').fetchall()
    return rows, source.findings


def test_values_become_the_text_that_other_formats_deliver(tmp_path: Path) -> None:
    rows, findings = read(tmp_path, {"kind": "parquet"}, file_of(ROWS, row_group_size=1))
    assert rows == [
        (1, "007", None, "7", "2026-03-01 09:00:00"),
        (2, "𠮷", None, None, "2026-03-01 09:00:00.500000"),
    ]
    assert (findings.faults, findings.counts) == ({}, {0: 2})


def test_days_decimals_and_truths_are_text_too(tmp_path: Path) -> None:
    rows = pa.table({"编号": [date(2026, 3, 1)], "name": [True], "n": [Decimal("1.50")]})
    assert read(tmp_path, {"kind": "parquet"}, file_of(rows))[0] == [(1, "2026-03-01", "true", "1.50", None)]


def test_an_encrypted_file_is_read_with_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = file_of(ROWS, KEY)
    assert "𠮷".encode() not in content
    monkeypatch.setenv("TEST_PARQUET_KEY", KEY)
    rows, findings = read(tmp_path, SEALED, content)
    assert [row[1] for row in rows] == ["007", "𠮷"]
    assert findings.faults == {}


@pytest.mark.parametrize("key", [None, "ff" * 16, "secret", "ff"])
def test_without_the_right_key_the_file_is_refused_and_the_key_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    if key is None:
        monkeypatch.delenv("TEST_PARQUET_KEY", raising=False)
    else:
        monkeypatch.setenv("TEST_PARQUET_KEY", key)
    rows, findings = read(tmp_path, SEALED, file_of(ROWS, KEY))
    assert rows == []
    assert findings.faults[0].startswith("B1: the")
    assert key is None or f"({key}" not in findings.faults[0]


def test_a_file_that_should_be_encrypted_and_is_not_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_PARQUET_KEY", KEY)
    rows, findings = read(tmp_path, SEALED, file_of(ROWS))
    assert rows == []
    assert findings.faults[0].startswith("B1: the file cannot be read or decrypted")


@pytest.mark.parametrize("content", [b"", b"PAR1 no", file_of(ROWS)[:-20]])
def test_a_broken_file_is_a_fault(tmp_path: Path, content: bytes) -> None:
    rows, findings = read(tmp_path, {"kind": "parquet"}, content)
    assert rows == []
    assert findings.faults[0].startswith("B1: the file cannot be read as Parquet")


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    rows, findings = read(tmp_path, {"kind": "parquet"}, file_of(ROWS), max_unpacked_bytes=10)
    assert rows == []
    assert findings.faults == {0: "B1: unpacks to more than 10 bytes"}


def test_columns_that_hold_no_single_values_are_a_fault(tmp_path: Path) -> None:
    rows, findings = read(tmp_path, {"kind": "parquet"}, file_of(pa.table({"编号": [["a"]]})))
    assert rows == []
    assert findings.faults[0].startswith("B1: the file cannot be read as Parquet")


def test_a_required_column_that_is_missing_is_b3(tmp_path: Path) -> None:
    _, findings = read(tmp_path, {"kind": "parquet"}, file_of(pa.table({"name": ["x"]})))
    assert findings.faults == {0: "B3: the header lacks the required column 编号"}
