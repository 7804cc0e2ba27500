"""Over HTTP, on both databases: applied, granted, used, revoked, and gone on the very next request."""

from __future__ import annotations

import json
import re
from datetime import date

from tests.gateway.requests.counter import ROWS, Counter
from tests.gateway.requests.town import START, STREETS


def test_a_department_applies_uses_and_loses_its_grant(counter: Counter) -> None:
    assert counter.rows("tom").status_code == 403
    case = counter.apply(columns=("visit_no", "street", "name"), clear_columns=("phone",))
    shown = counter.get("tom", f"/v1/requests/{case}").json()
    assert (shown["state"], shown["due_on"], shown["may"]) == ("compliance", "2026-11-25", ["withdraw"])
    idle = "there is nothing for you to do: comply or reject is for the authority (a steward)."
    for who, way_on in (("sue", "from there you can comply, reject."), ("helen", idle)):
        refused = counter.post(who, f"/v1/requests/{case}/approve", status=409)["detail"]
        assert refused == f"The case {case} stands at compliance; {way_on}"
    assert counter.rows("tom").status_code == 403
    assert counter.post("sue", f"/v1/requests/{case}/comply")["state"] == "provider_review"
    assert counter.rows("tom").status_code == 403
    granted = counter.post("helen", f"/v1/requests/{case}/approve", {"columns": ["visit_no", "name"]})
    assert (granted["state"], granted["due_on"]) == ("in_use", None)

    rows = counter.rows("tom").json()["rows"]
    assert [set(row) for row in rows] == [{"visit_no", "name", "phone"}] * len(ROWS["visits"])
    assert (rows[3]["visit_no"], rows[3]["name"], rows[3]["phone"]) == ("V003", "张*", "13800000003")
    assert counter.rows("tina").json()["rows"] == rows  # it is the organisation's grant
    assert counter.rows("board").json()["rows"] == rows  # and so its system's
    assert counter.rows("tom", **{"CivicLake-Purpose": "statistics"}).status_code == 403
    assert counter.rows("ann").status_code == 403

    counter.post("helen", f"/v1/requests/{case}/revoke", {"reason": "used for something else"})
    assert counter.rows("tom").status_code == counter.rows("board").status_code == 403
    shown = counter.get("tom", f"/v1/requests/{case}").json()
    assert [(e["name"], e["by"]) for e in shown["events"]] == [
        ("file", "tom"), ("take_up", "machine"), ("comply", "sue"), ("refer", "machine"), ("approve", "helen"),
        ("begin_use", "machine"), ("revoke", "helen"),
    ]  # fmt: skip
    assert shown["events"][-1]["reason"] == "used for something else"


def test_moments_are_told_on_the_city_s_clocks(counter: Counter) -> None:
    """Those that were just reckoned and those that come out of the store alike."""
    case = counter.apply()
    told = [counter.get("sue", f"/v1/requests/{case}"), counter.get("sue", "/v1/requests")]
    counter.post("sue", f"/v1/requests/{case}/comply")
    granted = counter.post("helen", f"/v1/requests/{case}/approve")
    told += [counter.get("tom", f"/v1/grants/{granted['access']}"), counter.get("tom", "/v1/notices")]
    told += [counter.get("tom", "/v1/whoami"), counter.get("sue", "/v1/admin/grants")]
    for text in [json.dumps(granted), *(answer.text for answer in told)]:
        offsets = re.findall(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)", text)
        assert set(offsets) == {"+08:00"}, text


def test_a_grant_revoked_by_its_id_takes_its_case_along(counter: Counter) -> None:
    case = counter.apply()
    counter.post("sue", f"/v1/requests/{case}/comply")
    grant = counter.post("helen", f"/v1/requests/{case}/approve")["access"]
    assert counter.rows("tom").status_code == 200
    counter.post("sue", f"/v1/admin/grants/{grant}/revoke", {"reason": "passed on"})
    assert counter.rows("tom").status_code == 403
    shown = counter.get("tom", f"/v1/requests/{case}").json()
    assert (shown["state"], shown["events"][-1]["by"], shown["may"]) == ("revoked", "sue", [])
    assert "passed on" in {notice["reason"] for notice in counter.get("tom", "/v1/notices").json()["notices"]}


def test_a_provider_grants_masked_what_was_asked_for_in_clear(counter: Counter) -> None:
    case = counter.apply(columns=("visit_no",), clear_columns=("name", "phone"))
    counter.post("sue", f"/v1/requests/{case}/comply")
    for body in ({"columns": ["id_no"]}, {"columns": ["name"], "clear_columns": ["name"]}):
        counter.post("helen", f"/v1/requests/{case}/approve", body, 400)
    counter.post("helen", f"/v1/requests/{case}/approve", {"columns": ["visit_no", "name"]})
    [row] = [row for row in counter.rows("tom").json()["rows"] if row["visit_no"] == "V003"]
    assert row == {"visit_no": "V003", "name": "张*", "phone": "13800000003"}


def test_what_grants_nothing_cannot_be_narrowed(counter: Counter) -> None:
    case = counter.apply()
    counter.post("sue", f"/v1/requests/{case}/reject", {"reason": "why"})
    counter.post("tom", f"/v1/requests/{case}/dispute", {"reason": "because"})
    counter.post("sam", f"/v1/requests/{case}/overturn", {"reason": "so", "columns": ["visit_no"]}, 400)
    assert counter.get("tom", f"/v1/requests/{case}").json()["state"] == "compliance_dispute"
    assert counter.post("sam", f"/v1/requests/{case}/overturn", {"reason": "so"})["state"] == "provider_review"


def test_what_is_shared_without_conditions_is_granted_by_the_compliance_review(counter: Counter) -> None:
    case = counter.apply(dataset="notes", columns=("note_no", "caller"))
    before = counter.rows("tom", "notes").json()["rows"]
    assert set(before[0]) == {"note_no", "street", "remark"}
    done = counter.post("sue", f"/v1/requests/{case}/comply")
    assert (done["state"], done["events"][-2]["name"]) == ("in_use", "grant")
    assert counter.rows("tom", "notes").json()["rows"][0]["caller"] == "李*"
    clear = counter.apply(dataset="notes", columns=(), clear_columns=("caller",))
    assert counter.post("sue", f"/v1/requests/{clear}/comply")["state"] == "provider_review"


def test_each_street_sees_its_own_rows(counter: Counter) -> None:
    for who, street in zip(("ann", "ben"), STREETS, strict=True):
        case = counter.apply(who, columns=("visit_no", "street"), rows={"divisions": [street]})
        counter.post("sam", f"/v1/requests/{case}/comply")
        counter.post("henry", f"/v1/requests/{case}/approve")
    for who, own, other in (("ann", *STREETS), ("ben", *reversed(STREETS))):
        assert {row["street"] for row in counter.rows(who).json()["rows"]} == {own}
        address = f"/v1/datasets/visits/rows?street={other}"
        assert counter.get(who, address, **{"CivicLake-Purpose": "urban_governance"}).json()["rows"] == []


def test_an_owner_that_is_back_answers_what_waited_for_it(counter: Counter) -> None:
    for code in ("health", "police"):
        counter.post("sue", f"/v1/admin/organisations/{code}/suspend")
    application = f"/v1/requests/{counter.apply()}"
    wrong = {"dataset": "notes", "key": {"note_no": "N1"}, "column": "caller", "wrong": "w", "evidence": "e"}
    correction = f"/v1/corrections/{counter.post('tom', '/v1/corrections', wrong, 201)['id']}"
    assert counter.post("sue", f"{application}/comply")["provider"] is None
    counter.post("sue", "/v1/admin/organisations/health/resume")
    shown = counter.get("helen", application).json()
    assert (shown["provider"], shown["state"], "approve" in shown["may"]) == ("health", "provider_review", True)
    assert counter.get("sue", correction).json()["provider"] is None, "its values come from the police"
    [told] = counter.get("helen", "/v1/notices").json()["notices"]
    assert (told["case"], told["name"]) == (shown["id"], "refer")
    counter.post("sue", "/v1/admin/organisations/police/resume")
    assert counter.get("paul", correction).json()["provider"] == "police"
    assert counter.get("sue", "/v1/admin/overdue").json() == {"cases": []}
    counter.wait(days=30)
    late = counter.get("sue", "/v1/admin/overdue").json()["cases"]
    assert [(case["procedure"], case["overdue"]) for case in late] == [("application", True), ("correction", True)]
    assert counter.post("helen", f"{application}/approve")["state"] == "in_use"


def test_the_provider_may_narrow_the_rows_but_not_widen_them(counter: Counter) -> None:
    case = counter.apply("tom", columns=("visit_no", "street"), rows={"divisions": list(STREETS)})
    counter.post("sue", f"/v1/requests/{case}/comply")
    wider = counter.post("helen", f"/v1/requests/{case}/approve", {"columns": ["phone"]}, 400)
    assert "phone was not asked for" in wider["detail"]
    less = {"rows": {"divisions": [STREETS[0]]}, "term_to": "2026-12-31"}
    done = counter.post("helen", f"/v1/requests/{case}/approve", less)
    assert {row["street"] for row in counter.rows("tom").json()["rows"]} == {STREETS[0]}
    found = counter.get("tom", f"/v1/grants/{done['access']}")
    assert found.headers["content-type"].startswith("application/ld+json")
    assert found.json()["permission"][0]["constraint"][1]["rightOperand"]["@value"].startswith("2027-01-01T00:00")
    counter.wait(days=39)
    assert counter.rows("tom").status_code == 403  # midnight after the last day has passed
    assert counter.get("tom", f"/v1/requests/{case}").json()["state"] == "expired"


def test_a_term_that_begins_in_2027_begins_in_2027(counter: Counter) -> None:
    case = counter.apply(term_from=date(2027, 1, 4), term_to=date(2027, 2, 28))
    counter.post("sue", f"/v1/requests/{case}/comply")
    assert counter.post("helen", f"/v1/requests/{case}/approve")["state"] == "granted"
    assert counter.rows("tom").status_code == 403
    counter.wait(days=42)
    assert counter.rows("tom").status_code == 200
    shown = counter.get("tom", f"/v1/requests/{case}").json()
    assert (shown["state"], shown["events"][-1]["at"]) == ("in_use", "2027-01-04T00:00:00+08:00")
    late = counter.apply("ann", columns=("visit_no",), term_from=date(2027, 2, 5), term_to=date(2027, 3, 31))
    counter.clock[0] = START.replace(year=2027, month=2, day=5)
    counter.post("sue", f"/v1/requests/{late}/comply")
    # five working days from Friday 5 February 2027, past the week of the spring festival
    assert counter.get("ann", f"/v1/requests/{late}").json()["due_on"] == "2027-02-19"
    assert counter.get("sue", "/v1/requests?overdue=true").json()["cases"] == []
    counter.wait(days=15)
    assert [c["id"] for c in counter.get("sue", "/v1/requests?overdue=true").json()["cases"]] == [late]


def test_a_clock_that_would_leave_the_calendar_is_told_not_guessed(counter: Counter) -> None:
    counter.clock[0] = START.replace(year=2027, month=11, day=15)
    case = counter.apply(term_from=date(2027, 12, 1), term_to=date(2028, 1, 31))
    counter.clock[0] = START.replace(year=2027, month=12, day=30)
    refused = counter.post("sue", f"/v1/requests/{case}/comply", status=409)
    assert "leave the calendar" in refused["detail"]
    assert counter.get("sue", f"/v1/requests/{case}").json()["state"] == "compliance"
