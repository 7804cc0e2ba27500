"""/v1/sql over a real server and real sandboxes: answers, refusals, limits, accounts."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from sqlalchemy import select

from catalog.policy.load import shared_limits
from catalog.workspace import Workspace
from gateway.audit.store import AuditStore
from gateway.audit.tables import access
from gateway.control.store import sqlite_url
from tests.gateway.conftest import wait_for
from tests.gateway.policy.tier_place import CITY
from tests.gateway.sandbox.conftest import Asking

TYPED = (
    "SELECT case_no, minutes / 2 AS half, kind, DATE '2026-01-31' AS day, 1.50 AS price, "
    "sum(minutes) OVER () AS whole, minutes > 3 AS long, INTERVAL 2 DAY AS span "
    "FROM open_cases WHERE case_no < 'C00002' ORDER BY 1"
)
ENDLESS = (
    "SELECT count(*) FROM open_cases a, open_cases b, open_cases c, open_cases d, open_cases e "
    "WHERE a.case_no || b.case_no || c.case_no = d.case_no || e.case_no"
)


def test_an_answer_is_a_document_of_columns_and_rows(asking: Asking) -> None:
    answer = asking(TYPED)
    assert answer.status_code == 200
    assert answer.headers["CivicLake-Complete"] == "true"
    assert answer.headers["CivicLake-Release"] == "1"
    assert answer.headers["Cache-Control"] == "private, no-store"
    told = json.loads(answer.text, parse_float=str)
    assert [(column["name"], column["type"]) for column in told["columns"]] == [
        ("case_no", "text"), ("half", "float"), ("kind", "text"), ("day", "date"), ("price", "decimal(3,2)"),
        ("whole", "decimal(38,0)"), ("long", "boolean"), ("span", "text"),
    ]  # fmt: skip
    whole = CITY["open_cases"][1]["minutes"]
    assert told["rows"] == [
        {"case_no": f"C0000{n}", "half": half, "kind": kind, "day": "2026-01-31", "price": "1.50", "whole": whole,
         "long": long, "span": "2 days"}
        for n, half, kind, long in ((0, None, "路灯", None), (1, "2.0", "井盖", True))
    ]  # fmt: skip


def test_the_other_formats_say_the_same(asking: Asking) -> None:
    rows = [{**row} for row in json.loads(asking(TYPED).text)["rows"]]
    found = asking(TYPED, format="csv")
    assert found.headers["Content-Type"].startswith("text/csv")
    assert [row["price"] for row in csv.DictReader(io.StringIO(found.text))] == ["1.50", "1.50"]
    lines = asking(TYPED, format="ndjson").text.splitlines()
    assert [json.loads(line) for line in lines] == rows
    table = pa.ipc.open_stream(asking(TYPED, format="arrow").content).read_all()
    assert table.column_names == list(rows[0])
    assert table["case_no"].to_pylist() == ["C00000", "C00001"]
    empty = pa.ipc.open_stream(asking("SELECT case_no FROM open_cases WHERE false", format="arrow").content).read_all()
    assert empty.num_rows == 0
    assert empty.column_names == ["case_no"]


def test_it_may_be_asked_by_the_address_too(asking: Asking) -> None:
    headers = asking.holders["developer"].headers
    answer = asking.client.get(
        "/v1/sql", params={"sql": "SELECT count(*) FROM open_cases", "release": 1}, headers=headers
    )
    assert answer.json()["rows"] == [{"count(*)": 60}]
    named = headers | {"Accept": "text/csv"}
    assert asking.client.get("/v1/sql", params={"sql": "SELECT 1 AS a"}, headers=named).text == '"a"\r\n1\r\n'
    for parameters, code in (
        ({}, "bad-value"), ({"sql": "SELECT 1", "x": "1"}, "unknown-parameter"),
        ({"sql": ["a", "b"]}, "repeated-parameter"),
        ({"sql": "SELECT 1", "format": "xlsx"}, "bad-value"), ({"sql": "SELECT 1", "release": "99"}, "not-found"),
    ):  # fmt: skip
        assert asking.client.get("/v1/sql", params=parameters, headers=headers).json()["code"] == code


def test_a_cut_answer_says_so(asking: Asking) -> None:
    answer = asking("SELECT a.case_no AS x FROM open_cases a, open_cases b")
    assert answer.headers["CivicLake-Complete"] == "false"
    assert answer.json()["complete"] is False
    assert len(answer.json()["rows"]) == 1000
    limited = asking("SELECT a.case_no AS x FROM open_cases a, open_cases b LIMIT 1000")
    assert limited.json()["complete"] is True
    large = asking.refused("SELECT concat(lpad('x', 2000, 'y'), a.case_no) AS x FROM open_cases a, open_cases b")
    assert large["code"] == "query-too-large"


def test_rows_columns_and_masks_are_those_of_the_caller(asking: Asking) -> None:
    names = asking.rows("SELECT name, count(*) FROM street_pack GROUP BY 1 ORDER BY 1", "street_a")
    assert {name for (name, *_) in names} == {"张*"}
    assert asking.rows("SELECT count(*) FROM street_pack", "street_b") == [(15,)]
    joined = "SELECT count(*) FROM street_pack p JOIN open_cases o USING (case_no) WHERE p.kind = '路灯'"
    assert asking.rows(joined, "street_a") == [(5,)]
    assert asking.rows("SELECT count(phone), count(*) FROM cases", "inspector") == [(15, 30)]
    masked = "SELECT count(*) FROM street_pack WHERE name LIKE '张伟%' OR regexp_matches(phone, '1380')"
    assert asking.rows(masked, "street_a") == [(0,)]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT {hidden} FROM open_cases",
        "SELECT case_no FROM open_cases ORDER BY {hidden}",
        "SELECT case_no FROM open_cases WHERE {hidden} > 3",
        "SELECT count(*) FROM open_cases GROUP BY {hidden}",
        "SELECT o.{hidden} FROM open_cases o",
        "SELECT * EXCLUDE ({hidden}) FROM open_cases",
        "SELECT 1 AS a FROM open_cases a JOIN open_cases b USING ({hidden})",
        "SELECT sum(minutes) OVER (PARTITION BY {hidden}) FROM open_cases",
        "SELECT minutes FROM open_cases WHERE EXISTS (SELECT 1 FROM open_cases x WHERE x.{hidden} = 1)",
    ],
)
def test_a_hidden_column_is_one_that_never_existed(asking: Asking, text: str) -> None:
    hidden, never = asking.refused(text.format(hidden="phone")), asking.refused(text.format(hidden="pohne"))
    assert json.dumps(hidden).replace("phone", "pohne") == json.dumps(never)
    assert hidden["code"] == "unknown-column"
    assert hidden["columns"] == ["case_no", "district", "street", "kind", "minutes"]


def test_a_hidden_table_is_one_that_never_existed(asking: Asking) -> None:
    hidden = asking.refused("SELECT *\nFROM open_cases, cases")
    never = asking.refused("SELECT *\nFROM open_cases, caess")
    assert json.dumps(hidden).replace("cases`", "caess`") == json.dumps(never)
    assert hidden["position"] == {"line": 2, "column": 18}
    assert asking("SELECT * FROM cases", "street_a").status_code == 403  # which may be read about


@pytest.mark.parametrize(
    ("text", "said", "column"),
    [
        ("SELECT kind, count(*) FROM open_cases", "GROUP BY", 8),
        ("SELECT case_no FROM open_cases a, open_cases b", "two tables", 8),
        ("SELECT kind + 1 FROM open_cases", "CAST", None),
        ("SELECT sum(kind) FROM open_cases", "CAST", None),
        ("SELECT kind = minutes FROM open_cases", "", None),
        ("SELECT 1 AS a, 2 AS a", "same name", None),
        ("SELECT 1e400 AS a", "too large", None),
        ("SELECT (SELECT case_no FROM open_cases)", "more than one row", None),
        ("SELECT kind FROM open_cases WHERE count(*) > 1", "HAVING", None),
        ("SELECT kind FROM open_cases UNION SELECT 1, 2", "columns", None),
        ("SELECT kind::INTEGER FROM open_cases", "TRY_CAST", None),
        ("SELECT x.kind FROM (SELECT case_no FROM open_cases) x", "not known", 10),
        ("SELECT kind FROM open_cases WHERE", "cannot be read", None),
    ],
)
def test_what_is_wrong_is_said_plainly_and_never_in_the_engine_s_words(
    asking: Asking, text: str, said: str, column: int | None
) -> None:
    told = asking.refused(text)
    assert told["code"] == "bad-sql"
    assert said in str(told["detail"])
    assert column is None or told["position"] == {"line": 1, "column": column}
    for word in ("Error", "LINE", "Candidate", "路灯", "#answer", "INT64", "VARCHAR"):
        assert word not in json.dumps(told, ensure_ascii=False)


def test_what_runs_too_long_is_stopped_and_nothing_else_is(asking: Asking) -> None:
    begun = time.monotonic()
    answer = asking(ENDLESS, "bureau")
    assert answer.json()["code"] == "query-timeout"
    assert time.monotonic() - begun < 20
    assert asking.rows("SELECT count(*) FROM open_cases", "bureau") == [(60,)]


def test_what_takes_for_ever_to_read_is_not_read(asking: Asking) -> None:
    """The parser's time doubles with each join that has no ON yet; it is spent in the sandbox, not in the gateway."""
    begun = time.monotonic()
    told = asking.refused(f"SELECT 1 FROM open_cases {'JOIN open_cases ' * 40}")
    assert "too long to read" in str(told["detail"])
    assert time.monotonic() - begun < 15
    assert asking.rows("SELECT 1 AS a") == [(1,)]


def sandboxes() -> set[int]:
    """Processes that are sandboxes: children of a nursery of this process."""

    def children(process: int) -> set[int]:
        found: set[int] = set()
        for file in Path(f"/proc/{process}/task").glob("*/children"):
            with suppress(OSError):
                found |= {int(child) for child in file.read_text().split()}
        return found

    return {sandbox for nursery in children(os.getpid()) for sandbox in children(nursery)}


def working() -> int | None:
    """The sandbox that takes processor time, if one does: more than one needs to become ready."""
    for process in sandboxes():
        with suppress(OSError):  # it has ended meanwhile
            state, *figures = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            if state == "R" and int(figures[10]) + int(figures[11]) > os.sysconf("SC_CLK_TCK") // 2:
                return process
    return None


def test_a_sandbox_that_is_killed_is_a_clean_problem(asking: Asking) -> None:
    """The one that waits for the next question is killed as well, and the next question is answered all the same."""
    answers: list[httpx.Response] = []
    asked = threading.Thread(target=lambda: answers.append(asking(ENDLESS, "inspector")))
    asked.start()
    wait_for(lambda: working() is not None)
    killed = sandboxes()
    for process in killed:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    asked.join()
    wait_for(lambda: not killed & sandboxes())
    assert answers[0].status_code == 503
    assert answers[0].json()["code"] == "sandbox-lost"
    assert asking.rows("SELECT 1 AS a", "inspector") == [(1,)]


def test_nobody_works_for_a_caller_that_hung_up(asking: Asking) -> None:
    body = json.dumps({"sql": ENDLESS}).encode()
    headers = {**asking.holders["street_a"].headers, "Content-Type": "application/json", "Host": "x"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    address = (asking.client.base_url.host, asking.client.base_url.port)
    with socket.create_connection(address) as line:
        line.sendall(f"POST /v1/sql HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        wait_for(lambda: working() is not None)
    wait_for(lambda: working() is None, seconds=5)


def test_tiers_without_limits_ask_nothing(asking: Asking) -> None:
    for caller in ("public", "steward", "breaker"):
        assert asking("SELECT 1", caller).json()["code"] == "not-permitted"


def test_each_dataset_of_a_question_stands_in_the_log(asking: Asking) -> None:
    text = "SELECT p.name, o.kind FROM street_pack p JOIN open_cases o USING (case_no) WHERE o.minutes > 3"
    rows = len(asking.rows(text, "street_b"))
    store = AuditStore(sqlite_url(Workspace(asking.home).audit))

    def newest() -> list[dict[str, object]]:
        wanted = select(access).where(access.c.caller == "street_b").order_by(access.c.seq.desc()).limit(2)
        return [dict(row) for row in store.query(wanted)]

    wait_for(lambda: len(newest()) == 2 and newest()[0]["rows"] == rows)
    found = {str(row["dataset"]): row for row in newest()}
    store.close()
    assert set(found) == {"street_pack", "open_cases"}
    assert json.loads(str(found["street_pack"]["columns"])) == ["case_no", "name"]
    assert json.loads(str(found["open_cases"]["columns"])) == ["case_no", "kind", "minutes"]
    assert {row["action"] for row in found.values()} == {"sandbox"}
    assert {row["rows"] for row in found.values()} == {rows}
    (digest,) = {row["filter"] for row in found.values()}
    assert digest
    assert "minutes" not in str(digest)


def test_unused_time_is_given_back(asking: Asking) -> None:
    def left(answer: httpx.Response) -> int:
        return int(answer.headers["RateLimit"].split('"cost";r=')[1].partition(";")[0])

    before = left(asking("SELECT 1 AS a", "approved"))
    step = shared_limits().cost.sandbox_step
    assert before - left(asking("SELECT 1 AS a", "approved")) == step
    assert asking("SELECT sum(kind) FROM open_cases", "approved").status_code == 400
    assert before - left(asking("SELECT kind FROM nothing", "approved")) < 4 * step
