"""Walking pages gives every row exactly once, in the asked order."""

from __future__ import annotations

import itertools
import json
import math
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from tests.gateway.conftest import client_over, wait_for
from tests.gateway.fake_release import TICKETS, make_current, publish, tickets

SORTABLE = [name for name, (_, level) in TICKETS.items() if level == "L1" and name != "tags"]
orders = st.lists(st.sampled_from(SORTABLE), unique=True, max_size=4).flatmap(
    lambda names: st.tuples(*(st.tuples(st.just(name), st.booleans()) for name in names))
)
FILTERS = {
    "": lambda row: True,
    "minutes__ge=4": lambda row: row["minutes"] is not None and row["minutes"] >= 4,
    "district__isnull=true": lambda row: row["district"] is None,
    "urgent=true": lambda row: row["urgent"] is True,
    "fee__between=0.35,1.10": lambda row: row["fee"] is not None and 0.35 <= float(row["fee"]) <= 1.10,
    "minutes=99": lambda row: False,
}


def walk(client: httpx.Client, address: str) -> list[dict[str, Any]]:
    """All rows, following `next`; checks what every page promises."""
    rows: list[dict[str, Any]] = []
    following: str | None = address
    while following:
        answer = client.get(following)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["complete"] is (page["next"] is None)
        assert answer.headers["CivicLake-Complete"] == str(page["complete"]).lower()
        assert answer.links.get("next", {}).get("url") == page["next"]
        assert page["rows"] or page["complete"]
        rows += page["rows"]
        following = page["next"]
    return rows


def in_order(rows: list[dict[str, Any]], order: tuple[tuple[str, bool], ...]) -> list[str]:
    """Keys of the rows as Python would order them: missing values last, ties by key. Sorts are stable."""
    rows = sorted(rows, key=lambda row: row["ticket_no"])
    for name, descending in reversed(order):
        present = [row for row in rows if row[name] is not None]
        present.sort(key=lambda row: _comparable(row[name]), reverse=descending)
        rows = present + [row for row in rows if row[name] is None]
    return [row["ticket_no"] for row in rows]


def _comparable(value: Any) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return (1, 0.0)  # the engine has not-a-number above every number
    return (0, value) if isinstance(value, float) else value


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(order=(("minutes", True), ("district", False)), limit=1, condition="minutes__ge=4")
@given(order=orders, limit=st.sampled_from([3, 7, 13, 40, 79, 80, 81, 500]), condition=st.sampled_from(sorted(FILTERS)))
def test_a_walk_gives_every_row_once_in_order(
    client: httpx.Client, home: Path, order: tuple[tuple[str, bool], ...], limit: int, condition: str
) -> None:
    stored = [dict(zip(TICKETS, row, strict=True)) for row in tickets(home, 1)]
    asked = ",".join(("-" if descending else "") + name for name, descending in order)
    query = "&".join(filter(None, [f"limit={limit}", f"order={asked}" if asked else "", condition]))
    walked = walk(client, f"/v1/datasets/tickets/rows?{query}&select=ticket_no")
    expected = in_order([row for row in stored if FILTERS[condition](row)], order)
    assert [row["ticket_no"] for row in walked] == expected


@pytest.mark.parametrize("limit", [1, 3, 39, 40, 41])
@pytest.mark.parametrize("order", ["", "&order=-a", "&order=b", "&order=-b,a"])
def test_a_walk_works_where_the_key_is_not_visible(client: httpx.Client, limit: int, order: str) -> None:
    rows = walk(client, f"/v1/datasets/sealed_key/rows?limit={limit}{order}")
    expected = [(i % 3, f"b{i % 2}" if i % 4 else None) for i in range(40)]
    assert sorted((row["a"], row["b"] or "") for row in rows) == sorted((a, b or "") for a, b in expected)


def test_a_walk_does_not_trust_that_rows_are_stored_in_order(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=50)
    with duckdb.connect(str(tmp_path / "releases/0001/serving.duckdb")) as con:
        con.execute("CREATE OR REPLACE TABLE open.tickets AS SELECT * FROM open.tickets ORDER BY hash(ticket_no)")
    with client_over(tmp_path) as client:
        rows = walk(client, "/v1/datasets/tickets/rows?limit=7")
        lines = client.get("/v1/datasets/tickets/rows.csv?select=ticket_no").text.split()[1:]
    expected = [f"T{number:07d}" for number in range(50)]
    assert [row["ticket_no"] for row in rows] == expected
    assert lines == [f'"{key}"' for key in expected]


def test_long_texts_keep_cursors_short_and_lose_no_row(tmp_path: Path) -> None:
    """Text is ordered by its beginning, so that a cursor fits a URL; texts that agree there go by the key."""
    publish(tmp_path, 1, rows=1)
    with duckdb.connect(str(tmp_path / "releases/0001/serving.duckdb")) as con:
        con.execute("UPDATE open.tickets SET note = repeat('长', 5000)")
        for number in range(1, 6):
            con.execute(
                "INSERT INTO open.tickets BY NAME SELECT * REPLACE (? AS ticket_no, note || ? AS note)"
                " FROM open.tickets WHERE ticket_no = 'T0000000'",
                [f"T{number:07d}", str(9 - number)],
            )
    with client_over(tmp_path) as client:
        first = client.get("/v1/datasets/tickets/rows?order=-note&limit=1&select=ticket_no").json()
        assert len(first["next"]) < 1500
        rows = walk(client, "/v1/datasets/tickets/rows?order=-note&limit=1&select=ticket_no")
    assert [row["ticket_no"] for row in rows] == [f"T{number:07d}" for number in range(6)]


def test_a_cursor_is_good_for_its_own_query_only(client: httpx.Client) -> None:
    following = client.get("/v1/datasets/tickets/rows?limit=5&order=minutes").json()["next"]
    assert client.get(following).status_code == 200
    assert client.get(following.replace("limit=5", "limit=50")).status_code == 200
    for other in ("order=-minutes", "order=district", "order=minutes&urgent=true", "order=minutes&select=ticket_no"):
        answer = client.get(following.replace("order=minutes", other))
        assert (answer.status_code, answer.json()["code"]) == (400, "bad-cursor")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_altered_cursor_is_refused(client: httpx.Client, data: st.DataObject) -> None:
    cursor = client.get("/v1/datasets/tickets/rows?limit=5").json()["next"].rpartition("cursor=")[2]
    place = data.draw(st.integers(0, len(cursor) - 2))
    letter = data.draw(st.sampled_from("ABCXYZabcxyz0189-_.~ é").filter(lambda sign: sign != cursor[place]))
    altered = cursor[:place] + letter + cursor[place + 1 :]
    answer = client.get("/v1/datasets/tickets/rows", params={"limit": 5, "cursor": altered})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-cursor")


@pytest.mark.parametrize(("rows", "limit"), [(1_000, 90), pytest.param(2_000_000, 10_000, marks=pytest.mark.nightly)])
def test_a_walk_equals_the_file_while_three_releases_land(tmp_path: Path, rows: int, limit: int) -> None:
    """Row for row, in a typed format and in JSON; each release lands after another quarter of the first walk."""
    folder = publish(tmp_path, 1, rows=rows)
    for number, other in ((2, rows + 70), (3, 20), (4, rows)):
        publish(tmp_path, number, rows=other, hidden=number, switch=False)
    landing = {rows * (number - 1) // 4 // limit: number for number in (2, 3, 4)}
    kept = [name for name, (kind, level) in TICKETS.items() if level == "L1" and kind != "HUGEINT"]
    with client_over(tmp_path) as client:

        def pages(form: str, landing: dict[int, int]) -> Iterator[bytes]:
            pinned = "" if landing else "&release=1"
            answer = client.get(f"/v1/datasets/tickets/rows.{form}?limit={limit}&select={','.join(kept)}{pinned}")
            for count in itertools.count(1):
                assert (answer.status_code, answer.headers["CivicLake-Release"]) == (200, "1")
                yield answer.content
                if count in landing:
                    make_current(tmp_path, landing[count])
                    wait_for(lambda number=landing[count]: client.get("/healthz").json()["release"] == number)
                assert answer.headers["CivicLake-Complete"] == str("next" not in answer.links).lower()
                if "next" not in answer.links:
                    return
                answer = client.get(answer.links["next"]["url"])

        walked = pa.concat_tables(pa.ipc.open_stream(page).read_all() for page in pages("arrow", landing))
        assert client.get("/healthz").json()["release"] == 4
        assert comparable(walked) == comparable(parquet.read_table(folder / "files" / "tickets.parquet").select(kept))
        lines = client.get(f"/v1/datasets/tickets/rows.ndjson?select={','.join(kept)}&release=1").iter_lines()
        told = (row for page in pages("json", {}) for row in json.loads(page, object_hook=with_moment)["rows"])
        assert all(row == json.loads(line, object_hook=with_moment) for row, line in zip(told, lines, strict=True))


def with_moment(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose time is one, for .001 and .001000 are the same."""
    return row | {"opened_at": datetime.fromisoformat(row["opened_at"])} if "opened_at" in row else row


def comparable(table: pa.Table) -> pa.Table:
    """A table in which not-a-number equals itself, without what its writer says of it."""
    place = table.schema.get_field_index("ratio")
    texts = table.set_column(place, "ratio", table.column("ratio").cast(pa.string()))
    return texts.replace_schema_metadata(None).combine_chunks()


def test_a_cursor_of_a_release_that_is_no_more_is_gone(tmp_path: Path) -> None:
    publish(tmp_path, 1)
    publish(tmp_path, 2, switch=False)
    with client_over(tmp_path) as client:
        following = client.get("/v1/datasets/tickets/rows?limit=5").json()["next"]
        (tmp_path / "releases/CURRENT").write_text("0002\n", encoding="ascii")
        while client.get("/healthz").json()["release"] != 2:
            pass
        shutil.rmtree(tmp_path / "releases/0001")
        answer = client.get(following)
    assert (answer.status_code, answer.json()["code"]) == (410, "release-moved")
