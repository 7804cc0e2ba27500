"""Whatever is sent, the answer is data or a problem of the catalogue, and never a fault of ours."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from string import Formatter
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import gateway.problems as problems_module
from gateway.app import ROUTERS
from gateway.facades.refusals import refusal_form
from gateway.facades.soda.ids import four_by_four
from gateway.problems import CATALOGUE, Problem
from gateway.query.operators import OPERATORS
from gateway.query.parse import RESERVED
from tests.gateway.conftest import Serve, wait_for
from tests.gateway.fake_release import TICKETS, publish

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "hint", "request_id"}
JUNK = [
    *(
        "",
        " ",
        "0",
        "-1",
        "1e999",
        "9" * 400,
        "'",
        '"',
        "'; DROP TABLE x --",
        "null",
        "NaN",
        "%",
        "\x00",
        "é区",
        "a,b",
        ",",
    ),
    *('"a', "true", "2024-02-30", "2024-01-01T25:00", "../..", "*", "1;2", "{}", "\ud7ff", "\r\nX: y", "0x10", "１２"),
]
NAMES = [
    *TICKETS,
    *RESERVED,
    "x",
    "",
    "__",
    "__eq",
    "minutes__",
    "a b",
    'a"b',
    "minutes__eq__eq",
    "区",
    "rowid",
    "#ordinal",
]


def check(answer: httpx.Response) -> None:
    """Not a server fault; and if a refusal, then one complete problem document, or one in the form of its facade."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert not [word for word in ("Error:", "Traceback", "duckdb", "SELECT", "release_0001") if word in answer.text]
        if refusal_form(answer.url.path) is not None:
            assert answer.headers["Content-Type"].partition(";")[0] in (
                "application/json",
                "text/xml",
                "application/xml",
            )
            assert answer.content
            return
        document = answer.json()
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert set(document) >= MEMBERS
        assert document["status"] == answer.status_code
        assert document["code"] in {kind.code for kind in CATALOGUE.values()}
        assert document["request_id"] == answer.headers["X-Request-Id"]


def addresses() -> tuple[dict[str, set[str]], set[str]]:
    """Every route there is, its parts filled with names that exist and names that do not, and the methods it takes;
    and the first address of each route."""
    parts = {
        "dataset": ("tickets", "none"),
        "name": ("tickets.csv", "x"),
        "suffix": ("json", "csv", "xml"),
        "code": ("not-found", "x"),
        "action": ("datastore_search", "package_search", "x"),
        "resource": ("tickets", "x"),
    }
    found: dict[str, set[str]] = {}
    firsts: set[str] = set()
    for route in (route for router in ROUTERS for route in router.routes):
        path = getattr(route, "path", "")
        used = [name for _, name, _, _ in Formatter().parse(path) if name]
        filled = [
            path.format(**dict(zip(used, values, strict=True)))
            for values in itertools.product(*(parts.get(part, ("x",)) for part in used))
        ]
        firsts.add(filled[0])
        for address in filled:
            found.setdefault(address, set()).update(getattr(route, "methods", None) or ())
    return found, firsts


ADDRESSES, FIRSTS = addresses()


NAMES_AT_EVERY_ADDRESS = ("x", "cursor", "format")
HEADERS = ("Range", "If-None-Match", "If-Range", "Accept", "Accept-Encoding", "X-Request-Id", "Cookie", "Authorization")
JUNK_OF_HEADERS = ("", "*", "bytes=--1", '"', "q=;;", "a" * 5000, "text/csv;q=x", "bytes=0-0," * 300)


@pytest.mark.parametrize("address", ADDRESSES)
def test_junk_at_every_address(client: httpx.Client, address: str) -> None:
    """Every junk at every route, under one name or another; which one goes round from address to address. Where parts
    of a route are filled otherwise, a quarter of the junk does: another one at each."""
    turn = list(ADDRESSES).index(address)
    for number, value in enumerate(JUNK if address in FIRSTS else JUNK[turn % 4 :: 4], start=turn):
        check(client.get(address, params={NAMES_AT_EVERY_ADDRESS[number % len(NAMES_AT_EVERY_ADDRESS)]: value}))
    for number, value in enumerate(JUNK_OF_HEADERS, start=turn):
        for header in (HEADERS[number % len(HEADERS)], HEADERS[(3 * number + 1) % len(HEADERS)]):
            check(client.get(address, headers={header: value}))
    for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE"):
        answer = client.request(method, address, content=b"{}")
        check(answer)
        assert answer.status_code in {404, 405} or method in ADDRESSES[address]
    assert client.head(address).content == b""


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.lists(
        st.tuples(
            st.sampled_from(NAMES) | st.text(max_size=20),
            st.sampled_from(["", *(f"__{name}" for name in OPERATORS), "__x"]),
            st.sampled_from(JUNK) | st.text(max_size=30),
        ),
        max_size=5,
    ),
    suffix=st.sampled_from(["", ".json", ".csv"]),
)
@example(pairs=[("minutes", "__in", ",".join(["1"] * 501))], suffix="")
@example(pairs=[("note", "__in", "")], suffix="")
@example(pairs=[("fee", "__gt", "9" * 37)], suffix="")
@example(pairs=[("total", "__le", "9" * 38)], suffix=".csv")
@example(pairs=[("minutes", "", "1")] * 51, suffix="")
def test_junk_in_the_parameters_of_rows(client: httpx.Client, pairs: list[tuple[str, str, str]], suffix: str) -> None:
    parameters = [(name + operator, value) for name, operator, value in pairs]
    check(client.get(f"/v1/datasets/tickets/rows{suffix}", params=httpx.QueryParams(parameters)))


@pytest.mark.parametrize(
    ("query", "code", "member"),
    [
        ("x=1", "unknown-column", ("columns", [n for n, (_, level) in TICKETS.items() if level == "L1"])),
        (
            "minutes__like=1",
            "unknown-operator",
            ("operators", ["eq", "ne", "lt", "le", "gt", "ge", "in", "notin", "between", "isnull"]),
        ),
        ("minutes__contains=1", "unknown-operator", ("parameter", "minutes__contains")),
        ("tags=1", "unknown-operator", ("operators", ["isnull"])),
        ("minutes=many", "bad-value", ("detail", "`minutes`: expected a whole number between -2^63 and 2^63-1.")),
        ("fee=1.005", "bad-value", ("detail", "`fee`: expected a number with at most 36 digits and 2 decimal places.")),
        ("opened_on=31.05.2024", "bad-value", ("detail", "`opened_on`: expected a date such as 2024-05-31.")),
        ("urgent=yes", "bad-value", ("detail", "`urgent`: expected true or false.")),
        ("fee__between=1", "bad-value", ("detail", "`fee__between`: expected two values, comma separated.")),
        ("limit=0", "bad-value", ("parameter", "limit")),
        ("limit=10001", "bad-value", ("detail", "`limit`: expected a whole number from 1 to 10000.")),
        ("limit=1&limit=2", "repeated-parameter", ("parameter", "limit")),
        ("select=fee,fee", "bad-value", ("parameter", "select")),
        ("order=tags", "bad-value", ("parameter", "order")),
        ("format=xml", "bad-value", ("parameter", "format")),
        ("format=json&bom=true", "bad-value", ("parameter", "bom")),
        ("cursor=abc", "bad-cursor", ("status", 400)),
    ],
)
def test_a_refusal_says_what_and_how_to_mend(
    client: httpx.Client, query: str, code: str, member: tuple[str, Any]
) -> None:
    document = client.get(f"/v1/datasets/tickets/rows?{query}").json()
    assert (document["code"], document[member[0]]) == (code, member[1])


@pytest.mark.parametrize("address", ["/v1/requests", "/v1/sql", "/v1/datasets/tickets/verify"])
def test_a_body_that_is_no_text_is_refused(client: httpx.Client, address: str) -> None:
    answer = client.post(address, content=b"\xff\x17", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-value")


def test_a_method_is_refused_with_all_that_there_are(client: httpx.Client) -> None:
    told = {path: client.put(path).headers["Allow"] for path in ("/v1/requests", "/v1/subscriptions/x", "/healthz")}
    assert told == {"/v1/requests": "GET, POST", "/v1/subscriptions/x": "DELETE, GET", "/healthz": "GET, HEAD"}


def test_every_problem_stands_in_the_catalogue_and_has_an_address(client: httpx.Client) -> None:
    kinds = {kind for kind in vars(problems_module).values() if isinstance(kind, type) and issubclass(kind, Problem)}
    assert kinds - {Problem} == set(CATALOGUE)
    assert len({entry.code for entry in CATALOGUE.values()}) == len(CATALOGUE)
    for entry in CATALOGUE.values():
        assert client.get(f"/problems/{entry.code}").json()["title"] == entry.title


@pytest.mark.parametrize(
    ("address", "method", "headers"),
    [
        ("/v1/sql", "POST", "content-type,x-api-key"),
        ("/api/3/action/datastore_search", "POST", "content-type"),
        ("/odata/tickets", "GET", "prefer,if-none-match"),
    ],
)
def test_a_page_of_another_origin_may_ask(client: httpx.Client, address: str, method: str, headers: str) -> None:
    """A browser asks before it sends a question in a body, or a header of ours. No cookie goes with it."""
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": method}
    answer = client.options(address, headers=asked | {"Access-Control-Request-Headers": headers})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert client.options(address, headers=asked | {"Access-Control-Request-Method": "DELETE"}).status_code == 400


def test_a_fault_of_ours_gives_an_id_and_no_more(tmp_path: Path, serve: Serve) -> None:
    """What went wrong stands in the log under the id, and nowhere else."""
    folder = publish(tmp_path, 1)
    server = serve(tmp_path)
    (folder / "files" / "tickets.csv").unlink()
    answer = httpx.get(
        f"{server.address}/v1/datasets/tickets/files/tickets.csv", headers={"X-Request-Id": "given-id-1"}
    )
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    assert answer.json()["request_id"] == "given-id-1"
    assert "No such file" not in answer.text
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    faults = [line for line in lines if line["logger"] == "gateway.error"]
    assert faults[0]["request_id"] == "given-id-1"
    assert "No such file" in faults[0]["exception"]


def test_the_access_log_has_names_and_no_values(tmp_path: Path, serve: Serve) -> None:
    publish(tmp_path, 1)
    server = serve(tmp_path)
    httpx.get(f"{server.address}/v1/datasets/tickets/rows?district=somewhere&limit=1", headers={"Cookie": "x=x-y-z"})
    named = ("/api/3/action/datastore_search?id=tickets&limit=1", f"/resource/{four_by_four('tickets')}.json?$limit=1")
    for address in named:
        httpx.get(f"{server.address}{address}")
    wait_for(lambda: server.log.read_text().count("gateway.access") == 1 + len(named))  # each when its answer is out
    text = server.log.read_text()
    entry, *others = (line for line in map(json.loads, text.splitlines()) if line["logger"] == "gateway.access")
    assert [other["dataset"] for other in others] == ["tickets"] * len(named)
    assert (entry["dataset"], entry["parameters"], entry["status"], entry["release"]) == (
        "tickets",
        ["district", "limit"],
        200,
        1,
    )
    assert "somewhere" not in text
    assert "x-y-z" not in text
