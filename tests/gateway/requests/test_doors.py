"""Who is let near what over HTTP: strangers learn nothing, systems and narrowed keys decide nothing, slips are told."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from gateway.control.tables.identity import Organisation
from gateway.control.workflow import applications, break_glass, cases
from gateway.control.workflow.break_glass import NewBreakGlass
from gateway.control.workflow.course import Step
from tests.gateway.requests.counter import Counter
from tests.gateway.requests.town import START, Town, asked

LISTS = ("/v1/requests", "/v1/demands", "/v1/corrections", "/v1/break-glass", "/v1/notices")


def told(answer: httpx.Response, *names: str) -> tuple[int, str]:
    """Status and words of an answer, without the id of the request and the names that were asked for."""
    text = answer.text.replace(answer.headers["X-Request-Id"], "ID")
    for name in names:
        text = text.replace(name, "NAME")
    return answer.status_code, text


def test_the_public_is_asked_for_a_credential_at_every_door_but_one(shared_counter: Counter) -> None:
    for address in LISTS:
        answer = shared_counter.get(None, address)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert "WWW-Authenticate" in answer.headers
    body = asked().model_dump(mode="json")
    assert shared_counter.ask(None, "POST", "/v1/requests", body).status_code == 401
    assert shared_counter.get(None, "/v1/corrections/cor-x", **{"CivicLake-Receipt": "x"}).status_code == 404


@pytest.mark.parametrize("who", ["board", "tom narrowed"])
def test_systems_and_narrowed_keys_neither_ask_nor_answer(shared_counter: Counter, who: str) -> None:
    refused = shared_counter.post(who, "/v1/requests", asked().model_dump(mode="json"), 403)
    assert refused["code"] == "not-permitted"
    assert shared_counter.get(who, "/v1/requests").status_code == 403


def test_strangers_cannot_tell_a_case_from_none(shared_counter: Counter) -> None:
    case = shared_counter.apply()
    for who in ("ann", "dev", "paul", "sue reading"):  # a steward's key without the scope is a stranger's
        for method, rest in (("GET", ""), ("POST", "/approve"), ("POST", "/comply"), ("POST", "/fly")):
            body = {} if method == "POST" else None
            found = shared_counter.ask(who, method, f"/v1/requests/{case}{rest}", body)
            none = shared_counter.ask(who, method, f"/v1/requests/apl-nothing00000{rest}", body)
            assert told(found, case) == told(none, "apl-nothing00000")
            assert found.status_code == 404
        assert case not in shared_counter.get(who, "/v1/requests").text
    for who in ("tom", "tina", "helen", "sue"):
        assert case in shared_counter.get(who, "/v1/requests").text


def test_a_hidden_dataset_or_column_cannot_be_told_from_none(shared_counter: Counter) -> None:
    def ask(who: str | None, door: str, body: dict[str, Any], *names: str) -> tuple[int, str]:
        return told(shared_counter.ask(who, "POST", door, body), *names)

    hidden, none = (asked(dataset=name).model_dump(mode="json") for name in ("sealed", "sealet"))
    assert ask("tom", "/v1/requests", hidden, "sealed") == ask("tom", "/v1/requests", none, "sealet")
    for who in (None, "tom", "dev"):
        body = {"dataset": "sealed", "key": {"case_no": "1"}, "column": "case_no", "wrong": "w", "evidence": "e"}
        found = ask(who, "/v1/corrections", body, "sealed")
        assert found == ask(who, "/v1/corrections", body | {"dataset": "sealet"}, "sealet")
        assert found[0] == 404


def test_the_public_sees_no_other_public_case(counter: Counter) -> None:
    """Nothing of the town is open, so the public can raise nothing, and a receipt opens its own case only."""
    body = {"dataset": "visits", "key": {"visit_no": "V1"}, "column": "kind", "wrong": "w", "evidence": "e"}
    assert counter.ask(None, "POST", "/v1/corrections", body).status_code == 404
    case = counter.post("tom", "/v1/corrections", body, 201)["id"]
    answer = counter.get(None, f"/v1/corrections/{case}", **{"CivicLake-Receipt": "x" * 43})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"columns": ("visit_no", "poney")}, "there is no poney; use one of"),
        ({"columns": ()}, "at least one"),
        ({"columns": ("kind", "kind")}, "each column once"),
        ({"mode": "pigeon"}, "Mode: there is no pigeon"),
        ({"purpose": "fun"}, "Purpose: there is no fun"),
        ({"frequency": "never"}, "Frequency: there is no never"),
        ({"rows": {"divisions": ["110000"]}}, "no row of the dataset"),
        ({"rows": {"organisations": ["health"]}}, "no row of the dataset"),
        ({"term_to": date(2026, 11, 22)}, "ends before it begins, or before today"),
        ({"term_to": date(2027, 12, 1)}, "at most 366 days"),
        ({"columns": (), "clear_columns": ("id_no",)}, "opens id_no to nobody like you"),
    ],
)
def test_an_application_that_could_never_be_granted_is_refused_at_once(
    shared_counter: Counter, changes: dict[str, Any], words: str
) -> None:
    refused = shared_counter.post("tom", "/v1/requests", asked(**changes).model_dump(mode="json"), 400)
    assert words in refused["detail"]


def test_a_body_that_is_none_is_told_by_its_place(shared_counter: Counter) -> None:
    whole = asked().model_dump(mode="json")
    del whole["rows"]
    assert shared_counter.post("tom", "/v1/requests", whole, 400)["detail"] == "`rows`: Field required."
    assert shared_counter.ask("tom", "GET", "/v1/requests?colour=red").json()["code"] == "unknown-parameter"
    assert "there is no lost" in shared_counter.get("tom", "/v1/requests?state=lost").text
    assert shared_counter.get("tom", "/v1/requests?overdue=perhaps").status_code == 400


def test_a_list_of_many_is_walked_to_its_end(counter: Counter) -> None:
    made = {counter.apply() for _ in range(103)}
    first = counter.get("tom", "/v1/requests?state=compliance").json()
    assert (len(first["cases"]), first["complete"]) == (100, False)
    second = counter.get("tom", first["next"]).json()
    assert (len(second["cases"]), second["complete"], second["next"]) == (3, True, None)
    assert {case["id"] for case in first["cases"] + second["cases"]} == made
    assert counter.get("ann", first["next"]).status_code == 404


def test_stewards_apply_for_nothing_and_own_cases_are_judged_by_others(shared_counter: Counter) -> None:
    assert shared_counter.post("sue", "/v1/requests", asked().model_dump(mode="json"), 403)
    own = shared_counter.apply("helen")  # the owner of the data applies: a steward stands in for the provider
    assert shared_counter.get("helen", f"/v1/requests/{own}").json()["provider"] is None
    shared_counter.post("sue", f"/v1/requests/{own}/comply")
    shared_counter.post("henry", f"/v1/requests/{own}/approve", status=403)
    assert shared_counter.post("sam", f"/v1/requests/{own}/approve")["state"] == "in_use"


def test_an_owner_registered_after_the_filing_answers(town: Town) -> None:
    with town.store.begin() as session:
        owner = session.get_one(Organisation, "health")
        owner.suspended_at = START
        case, glass = town.file(session), NewBreakGlass(dataset="visits", reason="r")
        asked_for = break_glass.ask(session, town.ledger, glass, town.person(session, "sue"))
        assert (case.provider, asked_for.provider) == (None, None)
        owner.suspended_at = None
        applications.move(session, town.ledger, case, Step("comply", town.person(session, "sue")))
        break_glass.move(session, town.ledger, asked_for, Step("confirm", town.person(session, "sam")))
        assert (case.provider, asked_for.provider) == ("health", "health")
        shown = cases.full(session, case, town.ledger, town.person(session, "helen"))
        assert (shown["owner"], "approve" in shown["may"]) == ("health", True)


def test_a_dispute_is_settled_by_another_steward_than_who_rejected(shared_counter: Counter) -> None:
    case = shared_counter.apply()
    address = f"/v1/requests/{case}"
    shared_counter.post("sue", f"{address}/reject", {"reason": " "}, 400)
    shared_counter.post("sue", f"{address}/reject", {"reason": "no basis"})
    disputed = shared_counter.post("tom", f"{address}/dispute", {"reason": "there is one"})
    assert (disputed["state"], disputed["due_on"]) == ("compliance_dispute", "2026-12-07")
    assert shared_counter.get("sue", address).json()["may"] == []
    shared_counter.post("sue", f"{address}/overturn", {"reason": "x"}, 403)
    shared_counter.post("sid", f"{address}/overturn", {"reason": "x"}, 403)  # a steward of the applicant's own
    assert shared_counter.post("sam", f"{address}/overturn", {"reason": "x"})["state"] == "provider_review"
    shared_counter.post("helen", f"{address}/refuse", {"reason": "too much"})
    notices = shared_counter.get("tom", "/v1/notices").json()["notices"]
    mine = [(notice["name"], notice["reason"]) for notice in notices if notice["case"] == case]
    assert sorted(mine) == [("overturn", "x"), ("refuse", "too much"), ("reject", "no basis")]
    shared_counter.post("tom", f"{address}/dispute", {"reason": "it is not"})
    shared_counter.post("sam", f"{address}/overturn", {"reason": "y"})
    notices = shared_counter.get("tom", "/v1/notices").json()["notices"]
    overturned = {n["to_state"]: n["title"]["en"] for n in notices if (n["case"], n["name"]) == (case, "overturn")}
    assert overturned == {"cleared": "Rejection overturned", "granted": "Refusal overturned"}


def test_a_grant_is_shown_to_its_parties_only(shared_counter: Counter) -> None:
    case = shared_counter.apply()
    shared_counter.post("sue", f"/v1/requests/{case}/comply")
    grant = shared_counter.post("helen", f"/v1/requests/{case}/approve")["access"]
    for who, status in {"tom": 200, "helen": 200, "sue": 200, "ann": 404, "dev": 404}.items():
        assert shared_counter.get(who, f"/v1/grants/{grant}").status_code == status
    none = told(shared_counter.get("ann", "/v1/grants/grt-000000000000"), "grt-000000000000")
    assert told(shared_counter.get("ann", f"/v1/grants/{grant}"), grant) == none
