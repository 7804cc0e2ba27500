"""Verification: a match or none, of one row at a time, for whom it was opened; guessing gets nobody anywhere."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from catalog.policy.model import RowScope, VerificationLimits
from catalog.workspace import Workspace
from gateway.control.store import ControlStore, sqlite_url
from gateway.identity.presented import KEY_HEADER
from gateway.identity.scope import Scope
from gateway.policy.actor import PUBLIC
from gateway.policy.decide import decide
from gateway.policy.decision import Branch
from gateway.policy.masks import JoinKeys
from gateway.policy.project import project
from gateway.policy.rows import EVERYTHING, rows_in
from gateway.query.verification import compile_verification, parse_verification
from gateway.withdrawal.manual import Order, withdraw
from tests.gateway.audit.test_trail import accesses
from tests.gateway.fake_policy import limits_of_tiers, put_policy
from tests.gateway.policy.city import (
    NOW,
    Holder,
    administration_key,
    another_key,
    entries,
    policy,
    publish_city,
    register,
    tables,
)
from tests.gateway.policy.inside import opened

CASES = "/v1/datasets/cases/verify"
FEW = VerificationLimits(claims=3, claim_cost=7, row_questions_per_month=3, dataset_questions_per_day=6)
City = tuple[Path, dict[str, Holder]]
Verify = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> City:
    home = tmp_path_factory.mktemp("first")
    rows = tables()
    rows["cases"][0] |= {"note": "ＡＢ 12 "}
    publish_city(home, rows)
    return home, register(home)


@pytest.fixture
def city(first: City, tmp_path: Path) -> City:
    """A copy of the first city with few questions a day, for tests that use them up or change its state."""
    home = tmp_path / "copy"
    shutil.copytree(first[0], home, ignore=shutil.ignore_patterns("guesses.sqlite*"))
    put_policy(home, policy().model_copy(update={"verification": FEW, "limits": limits_of_tiers()}))
    return home, first[1]


@asynccontextmanager
async def asking(home: Path, headers: dict[str, str]) -> Any:
    async with opened(home) as client:

        async def verify(number: object = "C00000", address: str = CASES, **claims: object) -> httpx.Response:
            body = {"key": {"case_no": number}, "claims": claims}
            return await client.post(address, json=body, headers=headers)

        yield verify


def run(city: City, caller: str, scene: Callable[[Verify], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with asking(city[0], city[1][caller].headers) as verify:
            await scene(verify)

    asyncio.run(whole())


def test_two_cities_answer_apart_only_where_the_caller_may_verify(first: City, tmp_path: Path) -> None:
    changed = tables()
    for row in changed["cases"]:
        row |= {"id_no": row["id_no"][::-1], "minutes": 77}  # the one open for verification, the other not at all
    second = tmp_path / "second"
    publish_city(second, changed)
    shutil.copytree(first[0] / "control", second / "control", dirs_exist_ok=True)
    held = tables()["cases"][1]
    told: list[dict[str, list[Any]]] = []

    async def scene(verify: Verify) -> None:
        found = [await verify(held["case_no"], **{name: held[name]}) for name in ("id_no", "kind", "minutes")]
        told.append({"status": [a.status_code for a in found], "claims": [a.json().get("claims") for a in found]})

    for home in (first[0], second):
        for caller in ("inspector", "street_a"):
            run((home, first[1]), caller, scene)
    inspector, street, other_inspector, other_street = told
    assert inspector == {"status": [200, 200, 400], "claims": [{"id_no": "match"}, {"kind": "match"}, None]}
    assert other_inspector == inspector | {"claims": [{"id_no": "no-match"}, {"kind": "match"}, None]}
    assert street == other_street == {"status": [403] * 3, "claims": [None] * 3}


def test_the_same_value_in_other_words_is_the_same(first: City) -> None:
    row = tables()["cases"][0]

    async def scene(verify: Verify) -> None:
        same = {"note": "\u3000AB　１２\n", "fee": f" {row['fee']}", "phone": int(row["phone"]), "name": row["name"]}
        answer = await verify(" C00000 ", **same)
        assert answer.json() == {"dataset": "cases", "release": 1, "claims": dict.fromkeys(same, "match")}
        assert answer.headers["Cache-Control"] == "private, no-store"
        other = {"note": "AB  12", "fee": row["fee"] + 1, "phone": row["phone"][:-1], "name": row["name"][:1] + "*"}
        assert set((await verify(**other)).json()["claims"].values()) == {"no-match"}

    run(first, "inspector", scene)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"key": {}, "claims": {"kind": "x"}}, "name the row by case_no"),
        ({"key": {"case_no": "C00000", "kind": "x"}, "claims": {"fee": 1}}, "name the row by case_no"),
        ({"key": {"case_no": "C00000"}, "claims": {}}, "at least one column"),
        ({"key": {"case_no": "C00000"}, "claims": {"case_no": "C00000"}}, "names the row already"),
        ({"key": {"case_no": "C00000"}, "claims": {"fee": "secret"}}, "`claims.fee`: expected a whole number"),
        ({"key": {"case_no": "C00000"}, "claims": {"street": "secret"}}, "There is no column `street`"),
        ({"key": {"case_no": "C00000"}, "claims": {"fee": None}}, "claims.fee"),
        ({"key": {"case_no": "C00000"}, "claims": {"fee": [1]}}, "claims.fee"),
        ({"key": {"case_no": "C00000"}}, "`claims`"),
        ({"key": {"case_no": "C00000"}, "claims": {f"c{n}": 1 for n in range(201)}}, "claims"),
        ({"key": {"case_no": "C00000"}, "claims": {"fee": 1}, "where": "secret"}, "where"),
    ],
)
def test_what_cannot_be_asked_is_refused_without_a_value(first: City, body: dict[str, Any], said: str) -> None:
    async def whole() -> None:
        async with opened(first[0]) as client:
            answer = await client.post(CASES, json=body, headers=first[1]["inspector"].headers)
            assert (answer.status_code, said in answer.json()["detail"]) == (400, True), answer.text
            assert "secret" not in answer.text
            asked = await client.post(f"{CASES}?key=C00000", json={}, headers=first[1]["inspector"].headers)
            assert (asked.status_code, (await client.get(CASES)).status_code) == (400, 405)

    asyncio.run(whole())


def test_guesses_about_a_row_are_few_whoever_of_the_organisation_makes_them(city: City) -> None:
    home, holders = city
    own = holders["inspector"].headers
    other = own | {KEY_HEADER: another_key(home, "inspector", Scope())}

    def told(answer: httpx.Response) -> tuple[list[str], str]:
        return answer.json()["violated-policies"], answer.headers["Retry-After"]

    async def whole() -> None:
        async with asking(home, own) as one, asking(home, other) as two:
            assert (await one(phone="1", name="2", fee=3, kind="4")).status_code == 400  # more claims than there may be
            for number in ("C00000", "C99999"):  # whether there is such a row makes no difference
                found = [await verify(number, phone=str(guess)) for guess, verify in enumerate((one, two, one, two))]
                assert [answer.status_code for answer in found] == [200, 200, 200, 429]
            told = found[3]
            assert (told.json()["violated-policies"], told.headers["Retry-After"]) == (
                ["verification-of-row"],
                "864000",
            )
        async with asking(home, own) as again:  # a restart forgets nothing, and other words name the same row
            assert (await again(" C00000", phone="9")).json()["violated-policies"] == ["verification-of-row"]
            last = await again("C00001", phone="9")
            assert (last.json()["violated-policies"], last.headers["Retry-After"]) == (
                ["verification-of-dataset"],
                "14400",
            )

    asyncio.run(whole())


def test_a_question_costs_and_leaves_no_value_in_the_log(city: City) -> None:
    home = city[0]

    async def scene(verify: Verify) -> None:
        answers = [await verify(phone="13800000001", fee=5), await verify(phone="13800000002", fee=5)]
        left = [int(answer.headers["RateLimit"].partition('"cost";r=')[2].partition(";")[0]) for answer in answers]
        assert left[0] - left[1] == 2 * FEW.claim_cost

    run(city, "inspector", scene)
    one, two = accesses(home)[-2:]
    assert (one["action"], one["dataset"], one["columns"]) == ("verify", "cases", ["case_no", "phone", "fee"])
    assert (one["decision"], one["rows"], bool(one["grants"])) == ("allow", None, True)
    assert one["filter"] != two["filter"] is not None
    assert "1380000000" not in Workspace(home).audit.read_bytes().decode("latin-1")


def test_a_withdrawn_row_is_as_if_it_were_not_there(city: City) -> None:
    home = city[0]
    store = ControlStore(sqlite_url(Workspace(home).control))
    with store.begin() as session:
        order = Order("open_cases", ("C00001",), "ordered", "Decision 8", NOW.date())
        withdraw(session, order, now=NOW, by="steward")
    store.close()

    async def listed() -> None:
        async with opened(home) as client:
            headers = {KEY_HEADER: administration_key(home, "steward")}
            [told] = (await client.get("/v1/admin/withdrawals", headers=headers)).json()["withdrawals"]
            assert (told["dataset"], told["key"], told["lifted_at"]) == ("open_cases", ["C00001"], None)

    asyncio.run(listed())

    async def scene(verify: Verify) -> None:
        for number, expected in (("C00001", "no-match"), ("C00005", "match")):
            answer = await verify(number, "/v1/datasets/open_cases/verify", street="990101002")
            assert answer.json()["claims"] == {"street": expected}

    run(city, "public", scene)


def test_a_key_that_may_not_verify_does_not(city: City) -> None:
    home, holders = city
    narrowed = {KEY_HEADER: another_key(home, "inspector", Scope(actions=("read",)))}
    purpose = {"CivicLake-Purpose": "audit"}

    async def whole() -> None:
        async with asking(home, narrowed | purpose) as verify:
            assert (await verify(fee=1)).status_code == 403
        async with asking(home, {KEY_HEADER: holders["inspector"].headers[KEY_HEADER]}) as verify:
            assert (await verify(fee=1)).status_code == 403  # a grant for a purpose that is not stated

    asyncio.run(whole())


def test_what_is_compared_is_more_than_what_is_seen() -> None:
    """Why the view of the action must never leave: it holds values that the caller reads masked, or not at all."""
    found = decide(policy(), PUBLIC, "verify", "open_cases", None, NOW.date())
    branch = replace(found.branches[0], columns={"fee": "masked", "note": "verify", "kind": "clear"})
    compared = replace(found, branches=(branch,)).compared
    assert dict(compared.branches[0].columns) == dict.fromkeys(("fee", "note", "kind"), "clear")


def test_no_row_is_numbered_to_find_one() -> None:
    """Where a part of the key is not seen in every row, other views number all rows to keep them apart."""
    entry = next(entry for entry in entries() if entry.id == "cases")
    decision = decide(policy(), PUBLIC, "verify", "open_cases", None, NOW.date())
    cases = policy().dataset("cases")
    assert cases is not None
    part = rows_in(RowScope(divisions=("990101",)), cases.scope, policy().division_tree)
    branches = (Branch(EVERYTHING, {"kind": "verify"}, "a"), Branch(part, {"case_no": "verify", "fee": "verify"}, "b"))
    view = project(
        entry,
        replace(decision, branches=branches, order=tuple(c.name for c in entry.columns)).compared,
        stored={column.name: column.type for column in entry.columns},
        stored_sorted=True,
        table=("release_0001", "open", "cases"),
        row_count=60,
        files={},
        release="1",
        keys=JoinKeys(None),
    )
    assert view is not None
    assert (view.key, "ROW_NUMBER" in view.relation_text) == ((), True)
    question = parse_verification(view, entry.key, {"case_no": "C1"}, {"fee": 1}, 5)
    assert "ROW_NUMBER" not in compile_verification(question).text
