"""What went wrong in systems of this kind, each tried here by name."""

from __future__ import annotations

import asyncio
import csv
import io
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from catalog.policy.model import RowScope, ScopeColumns
from catalog.release import Distribution, read_manifest, write_manifest
from catalog.workspace import Workspace
from gateway.policy.actor import Actor, Grant
from gateway.policy.decide import decide
from tests.gateway.fake_policy import TODAY, matrix, policy_over, put_policy, rule
from tests.gateway.fake_release import dataset_entry, publish_rows
from tests.gateway.policy.city import (
    COLUMNS,
    DIVISIONS,
    MASKS,
    NOW,
    ODD,
    Holder,
    policy,
    publish_city,
    register,
    tables,
)
from tests.gateway.policy.inside import opened

Ask = Callable[..., Awaitable[httpx.Response]]
CITY = tables()


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Holder]]:
    home = tmp_path_factory.mktemp("city")
    publish_city(home, CITY)
    return home, register(home)


def as_caller(city: tuple[Path, dict[str, Holder]], name: str, questions: Callable[[Ask], Awaitable[None]]) -> None:
    """Let a caller ask its questions."""
    home, holders = city

    async def run() -> None:
        async with opened(home) as client:

            async def ask(address: str, parameters: dict[str, str] | None = None, **headers: str) -> httpx.Response:
                query = f"?{urlencode(parameters)}" if parameters else ""
                return await client.get(address + query, headers=holders[name].headers | headers)

            await questions(ask)

    asyncio.run(run())


def test_a_column_name_with_brackets_and_quotes_is_only_a_name(city: tuple[Path, dict[str, Holder]]) -> None:
    """Datasette 2868 and 2677: a column called `]` broke out of its quotes."""

    async def questions(ask: Ask) -> None:
        for parameters in ({ODD: "o1"}, {f"{ODD}__in": "o1"}, {f"{ODD}__contains": "1"}):
            answer = await ask("/v1/datasets/cases/rows", parameters | {"order": f"-{ODD}", "select": f"{ODD},kind"})
            assert {row[ODD] for row in answer.json()["rows"]} == {"o1"}, parameters
        csv = await ask("/v1/datasets/cases/rows.csv", {"select": ODD})
        assert csv.text.startswith('"we]ird ""na\'me"\r\n')

    as_caller(city, "inspector", questions)


@pytest.mark.parametrize(
    "name",
    [
        '"parquet_scan"(\'x\')', "read_text('/etc/passwd')", '"name"', "name]", "#ordinal", "#stored", "rowid",
        "release_0001.open.cases.name", "kind\\' or 1=1", "(select max(name) from cases)", "kind) from x --", "*",
    ],
)  # fmt: skip
def test_no_identifier_comes_from_an_address(city: tuple[Path, dict[str, Holder]], name: str) -> None:
    """arc GHSA-93cm-2v4m-c56c and CKAN CVE-2026-42031: quoted identifiers and escapes passed the checks."""

    async def questions(ask: Ask) -> None:
        for parameters in ({name: "1"}, {"select": name}, {"order": name}, {f"{name}__in": "1"}):
            answer = await ask("/v1/datasets/open_cases/rows", parameters)
            assert answer.status_code == 400, parameters
        answer = await ask("/v1/datasets/open_cases/rows", {"kind": name, "kind__contains": name})
        assert answer.json()["rows"] == []

    as_caller(city, "public", questions)


@pytest.mark.parametrize("dataset", ["release_0001.open.cases", "duckdb_tables", "information_schema.tables", "cases;"])
def test_only_datasets_can_be_named(city: tuple[Path, dict[str, Holder]], dataset: str) -> None:
    """bagofwords 814 and GizmoSQL: what is attached stayed nameable, system views told what was denied."""

    async def questions(ask: Ask) -> None:
        for part in ("", "/rows", "/access", "/rows.csv", "/rows/cost", f"/files/{dataset}.csv"):
            assert (await ask(f"/v1/datasets/{dataset}{part}")).status_code == 404

    as_caller(city, "breaker", questions)


def grant(name: str, columns: tuple[str, ...], clear: tuple[str, ...], division: str) -> Grant:
    return Grant(name, "cases", columns, clear, ("read",), RowScope(divisions=(division,)), (), NOW.replace(year=2027))


def test_two_grants_do_not_multiply() -> None:
    """Hasura 10711 and Cube 10803: rows of one role met columns of another."""
    held = (grant("a", ("fee",), (), "990101"), grant("b", ("minutes",), (), "990102"))
    decision = decide(policy(), Actor("x", "T3", grants=held), "read", "cases", None, TODAY)
    opened_pairs = {
        (value, column)
        for branch in decision.branches
        for clause in branch.rows.clauses
        for _, values in clause.atoms
        for value in values
        for column in branch.columns
    }
    assert opened_pairs == {("990101", "fee"), ("990102", "minutes")}


def test_a_full_grant_elsewhere_leaves_masks_in_place() -> None:
    """WaveHouse 474: one policy that was full switched the masks of all others off."""
    held = (grant("full", (), ("case_no", "name", "phone"), "990101"), grant("part", ("case_no", "name"), (), "990102"))
    decision = decide(policy(), Actor("x", "T3", grants=held), "read", "cases", None, TODAY)
    seen = {(branch.source, branch.columns["name"]) for branch in decision.branches if "name" in branch.columns}
    assert seen == {("full", "clear"), ("part", "masked")}


def test_counts_and_completeness_are_of_the_rows_seen(city: tuple[Path, dict[str, Holder]]) -> None:
    """Hasura 7603 and Cube 11934: aggregates skipped the row filter."""

    async def questions(ask: Ask) -> None:
        own = sum(row["street"] == "990101001" for row in CITY["street_pack"])
        assert (await ask("/v1/datasets/street_pack")).json()["row_count"] is None
        page = await ask("/v1/datasets/street_pack/rows", {"limit": str(own)})
        assert (len(page.json()["rows"]), page.headers["CivicLake-Complete"]) == (own, "true")
        cost = (await ask("/v1/datasets/street_pack/rows/cost")).json()
        assert not cost["rows_known"]
        assert str(len(CITY["street_pack"])) not in (await ask("/v1/datasets/street_pack")).text

    as_caller(city, "street_a", questions)


def test_no_error_quotes_a_value_or_a_hidden_name(city: tuple[Path, dict[str, Holder]]) -> None:
    """PostgREST 541, 3980 and 4675: errors and hints showed rows, hashes and schemas."""

    async def questions(ask: Ask) -> None:
        secrets = {str(row[name]) for row in CITY["cases"] for name in ("name", "phone", "id_no", "case_no")}
        for column in (*COLUMNS["cases"], "poney"):
            for operator in ("eq", "lt", "between", "nonsense", "isnull"):
                for value in ("x", "9" * 30, "2026-99-99", ""):
                    answer = await ask("/v1/datasets/cases/rows", {f"{column}__{operator}": value})
                    assert answer.status_code in (200, 400)
                    if answer.status_code == 400:
                        assert not [secret for secret in secrets if secret in answer.text]
                        sent = answer.text.replace(column, "")
                        assert not [name for name in ("district", "case_no", "phone", "reported_on") if name in sent]

    as_caller(city, "bureau", questions)


def test_a_hidden_row_cannot_make_a_query_fail(tmp_path: Path) -> None:
    """cockroach 146952, ClickHouse 112847, Materialize 38561: casts ran before the policy and failed on hidden rows."""
    entry = dataset_entry(
        "t",
        {"id": ("INTEGER", "L1"), "d": ("VARCHAR", "L1"), "big": ("HUGEINT", "L1"), "at": ("VARCHAR", "L1")},
        ("id",),
    )
    scope = ScopeColumns(divisions={3: "d"}, time="at")
    rules = (rule("some", rows=RowScope.model_validate({"divisions": ("990101",), "since": "2026-01-01"})),)
    put_policy(tmp_path, policy_over([entry], rules=rules, scopes={"t": scope}, divisions=DIVISIONS))
    seen = [{"id": n, "d": "990101", "big": n, "at": "2026-02-01"} for n in range(5)]
    huge = 2**127 - 1  # more digits than a decimal has
    hidden = [
        {"id": 9, "d": "990102", "big": huge, "at": "no time"},
        {"id": 8, "d": "990101", "big": huge, "at": "?"},
    ]
    publish_rows(tmp_path, 1, [entry], {"t": [*seen, *hidden]})

    async def run() -> None:
        async with opened(tmp_path) as client:
            for query in (
                "",
                "?big=3",
                "?big__gt=1",
                "?order=-big",
                "?big__isnull=true",
                "?at__contains=0",
                "?limit=2&order=big",
            ):
                for form in ("json", "csv"):
                    answer = await client.get(f"/v1/datasets/t/rows.{form}{query}")
                    assert answer.status_code == 200, query
                    assert not [word for word in ("990102", "no time", "?") if word in answer.text.split("rows")[-1]]

    asyncio.run(run())


def test_a_masked_value_cannot_be_rebuilt_sign_by_sign(city: tuple[Path, dict[str, Holder]]) -> None:
    """proxy-monster 114: a column that was never selected was read through conditions and groups."""

    async def questions(ask: Ask) -> None:
        found = ""
        while len(found) < 11:
            for sign in "0123456789*":
                answer = await ask("/v1/datasets/street_pack/rows", {"phone__prefix": found + sign, "limit": "1"})
                if answer.json()["rows"]:
                    found += sign
                    break
            else:
                break
        assert found[:7] == "138****"
        ordered = (await ask("/v1/datasets/street_pack/rows", {"order": "phone,case_no"})).json()["rows"]
        assert ordered == sorted(ordered, key=lambda row: (row["phone"], row["case_no"]))

    as_caller(city, "street_a", questions)


def test_a_file_written_for_others_is_offered_to_nobody_else(tmp_path: Path) -> None:
    """pgcolumnar 563: every path that read storage directly went round the row policy."""
    publish_city(tmp_path, CITY)
    folder = Workspace(tmp_path).releases / "0001"
    manifest = read_manifest(Workspace(tmp_path), 1)
    text = "case_no,name\nC00000,张伟\n"
    (folder / "files" / "street_pack.csv").write_text(text, encoding="utf-8")
    planted = Distribution(
        name="street_pack.csv", format="csv", media_type="text/csv", bytes=len(text.encode()), sha256="0" * 64
    )
    datasets = tuple(
        entry.model_copy(update={"distributions": (planted,)}) if entry.id == "street_pack" else entry
        for entry in manifest.datasets
    )
    write_manifest(manifest.model_copy(update={"datasets": datasets}), folder)
    holders = register(tmp_path)

    async def questions(ask: Ask) -> None:
        assert (await ask("/v1/datasets/street_pack")).json()["distributions"] == []
        answer = await ask("/v1/datasets/street_pack/files/street_pack.csv")
        assert answer.status_code in (403, 404)
        assert "张伟" not in answer.text

    for name in holders:
        if name not in ("public", "developer", "approved"):
            as_caller((tmp_path, holders), name, questions)


def test_answers_are_not_shared_between_callers(city: tuple[Path, dict[str, Holder]]) -> None:
    """duckdb-quack 133: caches shared between principals."""
    home, holders = city

    async def run() -> None:
        async with opened(home) as client:
            address = "/v1/datasets/street_pack/rows"
            first = await client.get(address, headers=holders["street_a"].headers)
            headers = holders["street_b"].headers | {"If-None-Match": first.headers["ETag"]}
            second = await client.get(address, headers=headers)
            assert second.status_code == 200
            assert second.headers["ETag"] != first.headers["ETag"]
            following = (await client.get(f"{address}?limit=2", headers=holders["street_a"].headers)).json()["next"]
            stolen = await client.get(following, headers=holders["street_b"].headers)
            assert stolen.json()["code"] == "bad-cursor"
            for answer in (first, second):
                assert answer.headers["Cache-Control"].startswith("private")
                assert {"Authorization", "X-API-Key", "CivicLake-Purpose"} <= set(answer.headers["Vary"].split(", "))
            public = await client.get("/v1/datasets/open_cases/rows")
            assert public.headers["Cache-Control"].startswith("public")
            assert "X-API-Key" in public.headers["Vary"]

    asyncio.run(run())


def test_an_entity_tag_does_not_tell_that_something_hidden_changed(tmp_path: Path) -> None:
    """A tag made from whole files or totals tells of every change behind the mask."""
    changed: dict[str, list[dict[str, Any]]] = {
        **CITY,
        "open_cases": [row | {"fee": 77, "phone": "13900000000"} for row in CITY["open_cases"]],
        "street_pack": CITY["street_pack"][:30],
    }
    for name, rows in (("one", CITY), ("two", changed)):
        publish_city(tmp_path / name, rows)
    register(tmp_path / "one")
    shutil.copytree(tmp_path / "one" / "control", tmp_path / "two" / "control", dirs_exist_ok=True)

    async def tags(home: Path) -> list[str]:
        async with opened(home) as client:
            addresses = [
                f"/v1/datasets/open_cases{part}"
                for part in ("", "/rows", "/rows.csv", "/access", "/files/open_cases.csv", "/files/open_cases.parquet")
            ]
            return [(await client.get(address)).headers["ETag"] for address in addresses]

    assert asyncio.run(tags(tmp_path / "one")) == asyncio.run(tags(tmp_path / "two"))


def test_specific_beats_general_and_deny_beats_both() -> None:
    """Rules are read by how closely they name a column, not by the order they are written in."""
    entry = dataset_entry("t", {"a": ("VARCHAR", "L3"), "name": ("VARCHAR", "L3")}, ("a",))
    broad = rule("all", levels=("L3",))
    narrow = rule("names", columns=("name",), treatment="masked")
    actor = Actor("x", "T2")
    for rules in ((broad, narrow), (narrow, broad)):
        decision = decide(policy_over([entry], rules=rules, masks=MASKS), actor, "read", "t", None, TODAY)
        assert {n: t for b in decision.branches for n, t in b.columns.items()} == {"a": "clear", "name": "masked"}
    denied = policy_over([entry], rules=(broad, narrow, rule("no", effect="deny", tiers=("T2",))), masks=MASKS)
    assert not decide(denied, actor, "read", "t", None, TODAY).allow
    assert not decide(policy_over([entry], rules=()), actor, "read", "t", None, TODAY).allow
    assert decide(policy_over([entry], rules=matrix()), actor, "describe", "t", None, TODAY).allow


def test_csv_formula_injection_a_text_is_no_formula_in_the_csv_for_spreadsheet_programs(tmp_path: Path) -> None:
    """Cells that begin like a formula were run by the program that opened an export."""
    evil = ["=1+1", "+86 10", "-2", "@sum(a1)", "\t=1", "\r=1", "＝1", "plain", "", "a=b", '=cmd|" /C calc"!A0']
    entry = dataset_entry("notes", {"note_no": ("INTEGER", "L1"), "text": ("VARCHAR", "L1")}, ("note_no",))
    publish_rows(tmp_path, 1, [entry], {"notes": [{"note_no": -n, "text": text} for n, text in enumerate(evil)]})
    put_policy(tmp_path, policy_over([entry]))

    async def run() -> tuple[httpx.Response, ...]:
        async with opened(tmp_path) as client:
            wanted = ("rows.csv", "rows.sheet.csv", "rows?format=sheet.csv")
            return tuple([await client.get(f"/v1/datasets/notes/{address}") for address in wanted])

    plain, guarded, named = asyncio.run(run())

    def cells(answer: httpx.Response) -> list[list[str]]:
        return sorted(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))[:-1]

    assert {text for _, text in cells(plain)} == set(evil)
    told = {int(number): text for number, text in cells(guarded)}
    safe = {"plain", "", "a=b"}
    assert told == {-n: text if text in safe else f"'{text}" for n, text in enumerate(evil)}
    assert guarded.content == named.content
    assert guarded.content.startswith(b"\xef\xbb\xbf")
    assert guarded.headers["Content-Disposition"] == 'attachment; filename="notes.sheet.csv"'
