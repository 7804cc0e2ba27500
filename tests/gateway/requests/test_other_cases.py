"""Demands, corrections and break-glass over HTTP, on both databases, and the steps the database refuses to change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.control.store import sqlite_url
from tests.gateway.fake_policy import rule
from tests.gateway.requests.counter import Counter, open_counter
from tests.gateway.requests.town import Town, policy

WRONG = {"dataset": "notes", "key": {"note_no": "N1"}, "column": "caller", "wrong": "another name", "evidence": "ID"}
DEMAND = {"title": "Beds", "description": "Free beds by ward", "purpose": "emergency", "basis": "b"}


def test_a_demand_goes_to_a_candidate_and_comes_back_with_a_dataset(counter: Counter) -> None:
    case = counter.post("tom", "/v1/demands", DEMAND | {"candidate": "police"}, 201)
    address = f"/v1/demands/{case['id']}"
    assert (case["due_on"], counter.get("paul", address).status_code) == ("2026-11-25", 404)
    routed = counter.post("sue", f"{address}/route")
    assert (routed["provider"], routed["due_on"]) == ("police", "2026-12-14")
    assert counter.post("paul", f"{address}/decline", {"reason": "not ours"})["state"] == "raised"
    assert counter.post("sue", f"{address}/route", {"organisation": "nobody"}, 404)
    assert counter.post("sue", f"{address}/route", {"organisation": "health"})["state"] == "routed"
    refused = counter.post("helen", f"{address}/answer", {"dataset": "sealed"}, 400)
    assert refused["detail"] == counter.post("helen", f"{address}/answer", {"dataset": "sealet"}, 400)["detail"]
    counter.post("helen", f"{address}/refuse", {"reason": "x", "dataset": "visits"}, 400)
    done = counter.post("helen", f"{address}/answer", {"dataset": "visits"})
    assert (done["state"], done["dataset"]) == ("answered", "visits")
    assert [n["name"] for n in counter.get("tom", "/v1/notices").json()["notices"]] == ["answer"]


def test_a_correction_goes_to_the_source_of_truth_and_its_raiser_is_told(counter: Counter) -> None:
    for key in ({"street": "s"}, {"note_no": "N1", "street": "s"}):
        refused = counter.post("tom", "/v1/corrections", WRONG | {"key": key}, 400)
        assert refused["detail"] == "Key: name the row by note_no, each once and nothing else."
    case = counter.post("tom", "/v1/corrections", WRONG, 201)
    address = f"/v1/corrections/{case['id']}"
    assert (case["provider"], case["state"], case["due_on"]) == ("police", "routed", "2026-12-07")
    assert counter.get("helen", address).status_code == 404  # it owns the dataset, but the names come from the police
    back = counter.post("paul", f"{address}/reroute", {"organisation": "health", "reason": "typed in there"})
    assert back["provider"] == "health"
    counter.post("helen", f"{address}/refuse", {"reason": "it is right"})
    counter.post("tom", f"{address}/dispute", {"reason": "it is not"})
    counter.post("sue", f"{address}/overturn", {"reason": "look again"})
    counter.post("helen", f"{address}/fix", {"reason": "mended"})
    counter.post("helen", f"{address}/publish", {}, 400)
    later = counter.post("helen", f"{address}/publish", {"release": 2}, 400)
    assert later["detail"] == "Release: there is no 2 yet; the current one is 1."
    done = counter.post("helen", f"{address}/publish", {"release": 1})
    assert (done["state"], done["release"]) == ("published", 1)
    names = {notice["name"] for notice in counter.get("tom", "/v1/notices").json()["notices"]}
    assert names == {"refuse", "overturn", "fix", "publish"}


def test_a_citizen_raises_a_correction_and_follows_it_by_its_receipt(tmp_path: Path) -> None:
    opened = policy()
    notes = opened.dataset("notes")
    assert notes is not None
    entries = [notes.model_copy(update={"opening": "unconditional"}) if d == notes else d for d in opened.datasets]
    limits = {t: k.model_copy(update={"cost_per_minute": 500}) for t, k in opened.limits.items()}
    in_force = opened.model_copy(
        update={"datasets": tuple(entries), "limits": limits, "rules": (*opened.rules, rule("t0.all", tiers=("T0",)))}
    )
    with open_counter(tmp_path, sqlite_url(tmp_path / "control.sqlite"), in_force) as counter:
        made = counter.post(None, "/v1/corrections", WRONG, 201)
        receipt = {"CivicLake-Receipt": made.pop("receipt")}
        address = f"/v1/corrections/{made['id']}"
        counter.post("paul", f"{address}/fix", {"reason": "mended"})
        seen = counter.get(None, address, **receipt)
        assert (seen.status_code, seen.json()["state"], seen.json()["events"][-1]["reason"]) == (200, "fixed", "mended")
        assert not {"by", "entered_by"} & set(seen.json()["events"][-1])
        assert "paul" not in seen.text
        assert counter.get(None, address).status_code == 401
        other = counter.post(None, "/v1/corrections", WRONG, 201)
        assert counter.get(None, f"/v1/corrections/{other['id']}", **receipt).status_code == 404
        flood = counter.ask(None, "POST", "/v1/corrections", WRONG)
        assert (flood.status_code, flood.json()["code"]) == (429, "quota-exceeded")


def test_break_glass_needs_a_second_steward_and_ends_by_itself(counter: Counter) -> None:
    assert counter.rows("sue").status_code == 403
    asked: dict[str, Any] = {"dataset": "visits", "reason": "complaint 7", "minutes": 20}
    for who in ("tom", "helen", "sue reading"):
        counter.post(who, "/v1/break-glass", asked, 403)
    assert "at most 240" in counter.post("sue", "/v1/break-glass", asked | {"minutes": 241}, 400)["detail"]
    address = f"/v1/break-glass/{counter.post('sue', '/v1/break-glass', asked, 201)['id']}"
    counter.post("sue", f"{address}/confirm", status=403)
    counter.post("helen", f"{address}/confirm", status=403)
    assert counter.get("tom", address).status_code == 404
    assert counter.rows("sue").status_code == 403
    opened = counter.ask("sam", "POST", f"{address}/confirm")
    assert (opened.status_code, opened.json()["state"]) == (200, "open")
    row = counter.get("sue", "/v1/datasets/visits/rows").json()["rows"][0]  # no purpose is asked for
    assert (row["name"], "id_no" in row) == ("张三丰", False)  # L4 stays closed
    assert counter.rows("sam").status_code == 403
    told = counter.get("helen", "/v1/notices").json()["notices"]
    assert [(notice["name"], notice["reason"]) for notice in told] == [("confirm", "complaint 7")]
    counter.wait(minutes=20)
    assert counter.rows("sue").status_code == 403
    assert counter.get("sue", address).json()["state"] == "expired"


def test_break_glass_can_be_closed_early_and_lapses_unconfirmed(counter: Counter) -> None:
    asked = {"dataset": "visits", "reason": "complaint 8"}
    first, second = (counter.post("sue", "/v1/break-glass", asked, 201)["id"] for _ in range(2))
    counter.post("sam", f"/v1/break-glass/{first}/confirm")
    assert counter.rows("sue").status_code == 200
    counter.post("sue", f"/v1/break-glass/{first}/close")
    assert counter.rows("sue").status_code == 403
    counter.wait(minutes=61)
    refused = counter.post("sam", f"/v1/break-glass/{second}/confirm", status=409)
    assert "stands at lapsed" in refused["detail"]


def test_steps_are_never_changed(town: Town) -> None:
    with town.store.begin() as session:
        town.file(session)
    for change in ("UPDATE case_event SET by = 'x'", "DELETE FROM case_event"):
        quoted = change.replace(" by ", ' "by" ')
        with pytest.raises(DBAPIError, match="append-only"), town.store.begin() as session:
            session.execute(text(quoted))
