"""Every format delivers its text as it stands: broken files are named, damaged numbers stay recognisable."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.contract.model import FeedContract
from catalog.contract.options import Limits
from orchestration.landing.records import Receipt
from orchestration.reading.decode import UndecodableError, decoded
from orchestration.reading.raw import open_source
from orchestration.reading.source import Findings, Piece
from tests.orchestration.reading_city import DAY, column, contract, table
from tests.orchestration.spreadsheet import Dated, workbook

COLUMNS = [
    column("id", key=1, physicalName="编号", options={"aliases": ["案卷号"]}),
    column("name", physicalName="名称"),
    column("n", "BIGINT", physicalName="数"),
]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"autoinstall_known_extensions": False, "threads": 2}) as connection:
        yield connection


def read(
    con: duckdb.DuckDBPyConnection, folder: Path, form: dict[str, Any], *contents: bytes | str, **limits: Any
) -> tuple[list[tuple[Any, ...]], Findings]:
    """(rows of piece, line, error, id, name, n; findings) of files with these contents."""
    feed: FeedContract = contract(table("thing", COLUMNS, form))
    pieces = []
    for number, content in enumerate(contents):
        path = folder / f"{number}.landed"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        receipt = Receipt(
            "feed", "thing", "data", 0, path.name, f"{number:064x}", path.stat().st_size, "test:", None, DAY, "1.0.0"
        )  # type: ignore[arg-type]
        pieces.append(Piece(number, receipt, path))
    thing = feed.tables[0]
    source = open_source(con, thing, thing.options.variants[0].format, pieces, limits=Limits(**limits), scratch=folder)
    rows = con.execute(
        f"SELECT _piece, _line, _error, id, name, n FROM {source.relation} ORDER BY _piece, _line"
    ).fetchall()
    return rows, source.findings


def texts(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row[3:] for row in rows]


def test_csv_keeps_line_breaks_quotes_and_zeros(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    body = '编号,数,名称\r\n007,1,"多\r\n行, ""引""号"\r\n\r\n008,2,x\r\n1,2\r\n009,3,y\r\n'
    rows, findings = read(con, tmp_path, {"kind": "csv"}, body)
    assert [row[1:] for row in rows] == [
        (1, None, "007", '多\r\n行, "引"号', "1"),
        (2, None, "008", "x", "2"),
        (3, "2 fields instead of 3", None, None, None),
        (4, None, "009", "y", "3"),
    ]
    assert findings.counts == {0: 4}


@pytest.mark.parametrize("ending", ['1,a,"x\n2,b,2\n3,c,3\n', '1,"a,1\n2,b,2\n'])
def test_csv_with_a_quote_that_never_closes_is_not_half_read(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, ending: str
) -> None:
    _, findings = read(con, tmp_path, {"kind": "csv"}, f"编号,名称,数\n0,z,0\n{ending}")
    assert findings.faults == {
        0: "B1: the file cannot be read as delimited text (the quote opened in record 2 is never closed)"
    }


def test_csv_with_stray_quotes_inside_fields_is_read(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows, findings = read(con, tmp_path, {"kind": "csv"}, '编号,名称,数\n1,5" pipe,1\n2,b,2\n')
    assert (texts(rows), findings.faults) == ([("1", '5" pipe', "1"), ("2", "b", "2")], {})


@pytest.mark.parametrize("body", ["编号,名称,数\n", "编号,名称,数"])
def test_csv_without_records_is_empty_and_without_header_is_a_fault(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, body: str
) -> None:
    rows, findings = read(con, tmp_path, {"kind": "csv"}, body, "")
    assert rows == []
    assert findings.faults == {1: "B3: the header lacks the required column 编号"}


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig", "utf-8"])
def test_rare_characters_survive_every_encoding(con: duckdb.DuckDBPyConnection, tmp_path: Path, encoding: str) -> None:
    body = "编号,名称,数\n1,𠮷㛃䶮镕,1\n"
    rows, _ = read(con, tmp_path, {"kind": "csv", "encoding": encoding}, body.encode(encoding))
    assert texts(rows) == [("1", "𠮷㛃䶮镕", "1")]


def test_tab_separated_text_after_title_lines(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    form = {"kind": "csv", "delimiter": "\t", "skip_rows": 1}
    rows, _ = read(con, tmp_path, form, "延期清单\n案卷号\t名称\t数\n1\ta,b\t2\n")
    assert texts(rows) == [("1", "a,b", "2")]


@pytest.mark.parametrize(
    ("encoding", "content", "offset"),
    [
        ("utf-8", "名".encode() * 400_000 + b"\xff", 1_200_000),
        ("gb18030", b"a" * (1 << 20) + "名".encode("gb18030")[:1] + b"\n", 1 << 20),
        ("gb18030", "𠮷".encode("gb18030")[:3], 0),
        ("utf-8", "ab\ufffd".encode(), 2),
    ],
)
def test_the_first_byte_that_does_not_fit_is_named(encoding: str, content: bytes, offset: int) -> None:
    with pytest.raises(UndecodableError) as caught:
        list(decoded(io.BytesIO(content), encoding))
    assert caught.value.offset == offset


def test_json_numbers_keep_their_digits(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    page = (
        '{"data":{"list":[{"编号":2.02401E+14,"名称":"a, 1.50, \\"x\\"","数":1.10},'
        '{"案卷号":"007","数":12345678901234567890.5},'
        '{"编号":true,"名称":{"b":[1.50]},"数":null}, 7]}}'
    )
    rows, findings = read(con, tmp_path, {"kind": "json", "items": "data.list"}, page, page.replace("list", "liste"))
    assert texts(rows) == [
        ("2.02401E+14", 'a, 1.50, "x"', "1.10"),
        ("007", None, "12345678901234567890.5"),
        ("true", '{"b":["1.50"]}', None),
        (None, None, None),
    ]
    assert rows[3][2] == "not a JSON object"
    assert findings.faults == {1: "B3: the page has no array at `data.list`"}


def test_json_that_is_none_and_pages_that_repeat(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows, findings = read(con, tmp_path, {"kind": "json"}, "[]", '[{"编号":1}', '[{"编号":1}]', '[{"编号":1}]')
    assert [row[0] for row in rows] == [2, 3]
    assert findings.faults == {1: "B1: the page is not JSON"}


def test_ndjson_lines_and_compression(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lines = "".join(json.dumps({"编号": f"0{i}", "数": i}) + "\n" for i in range(3)) + "\n{broken\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x.ndjson", lines)
    for form, content in (
        ("none", lines.encode()),
        ("gzip", gzip.compress(lines.encode())),
        ("zip", packed.getvalue()),
    ):
        rows, findings = read(con, tmp_path / ".", {"kind": "ndjson", "compression": form}, content)
        assert texts(rows)[:3] == [("00", None, "0"), ("01", None, "1"), ("02", None, "2")]
        assert rows[3][1:3] == (5, "not a JSON object")
        assert findings.faults == {}
        (tmp_path / f"{0:064x}.unpacked").unlink(missing_ok=True)


def test_an_archive_beyond_the_limits_is_a_fault(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    bomb = gzip.compress(b"\n" * 40_000_000)
    _, findings = read(con, tmp_path, {"kind": "ndjson", "compression": "gzip"}, bomb, max_ratio=10.0)
    assert findings.faults[0].startswith("B1: unpacks to more than")


def test_workbook_header_under_titles_and_damaged_numbers(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [
        ["二〇二四年案件", None, None],
        ["编\n号", "名 称", "数"],
        ["20240112345678", "text cell", 5],
        [20240112345678, "number of 14 digits", 1.0],
        [2.02401e14, "as Excel shows it", 0],
        [202401123456789012, "more than 15 digits", None],
        ["202401000000000", "digits as text", None],
        [None, None, None],
        ["x", None, None],
    ]
    other = [["编号"], ["9"]]
    content = workbook({"案件1": rows, "说明": [["编号", "名称"], ["no", "no"]], "案件2": other, "案件3": [["注"]]})
    found, findings = read(con, tmp_path, {"kind": "xlsx", "sheets": "^案件", "header_contains": "编号"}, content)
    assert [row[3] for row in found] == [
        "20240112345678", "20240112345678", "2.02401E+14", "2.02401E+17", "202401000000000", "x", "9",
    ]  # fmt: skip
    assert [row[1] for row in found] == [1, 2, 3, 4, 5, 6, 7]
    assert [row[5] for row in found][:3] == ["5", "1", "0"]
    assert findings.faults == {}
    assert findings.notes == {0: "W: sheet 案件3 has no header `编号` and is not read"}


def test_workbook_date_cells_are_iso_text(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content = workbook({"s": [["编号", "名称"], ["1", Dated(45300.5)]]})
    rows, _ = read(con, tmp_path, {"kind": "xlsx"}, content)
    assert texts(rows) == [("1", "2024-01-09 12:00:00", None)]


def test_what_is_no_workbook_is_a_fault(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content = workbook({"s": [["编号"], ["1"]]})
    _, findings = read(con, tmp_path, {"kind": "xlsx", "sheets": "^案件"}, content, b"not a workbook", content[:200])
    assert findings.faults[0] == "B3: no sheet like `^案件` has a header"
    assert findings.faults[1].startswith("B1: the workbook cannot be read")
    assert findings.faults[2].startswith("B1: the workbook cannot be read")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_xml_records_with_missing_children(con: duckdb.DuckDBPyConnection, tmp_path: Path, encoding: str) -> None:
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><list xmlns="urn:x"><!-- c -->'
        "<row><编号>1</编号><名称>多\n行 &amp; 𠮷</名称></row>"
        "<row><编号> 2 </编号><数/></row><other/></list>"
    )
    rows, findings = read(con, tmp_path, {"kind": "xml", "record": "{urn:x}row"}, text.encode(encoding))
    assert texts(rows) == [("1", "多\n行 & 𠮷", None), (" 2 ", None, "")]
    assert (findings.counts, findings.faults) == ({0: 2}, {})


def test_xml_that_is_broken_or_brings_entities_is_a_fault(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    entity = '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><r><row><编号>&e;</编号></row></r>'
    broken = "<r><row><编号>1</编号></row><row>"
    wrong = '<?xml version="1.0" encoding="gb18030"?><r><row><编号>'.encode() + b"\xff\xff</row></r>"
    rows, findings = read(con, tmp_path, {"kind": "xml", "record": "row"}, entity, broken, wrong, "<r/>")
    assert sorted(findings.faults) == [0, 1, 2]
    assert all(fault.startswith("B1: the document cannot be read as XML") for fault in findings.faults.values())
    assert "passwd" not in str(rows)
