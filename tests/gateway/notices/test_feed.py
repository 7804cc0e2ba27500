"""The Atom feeds tell each caller what it may know of, under ids that stay."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from gateway.notices import feed_door
from tests.gateway.conftest import wait_for
from tests.gateway.notices.conftest import City
from tests.gateway.policy.city import publish_city, tables

ALL = "/v1/feeds/events.atom"
ATOM = "{http://www.w3.org/2005/Atom}"


def entries(answer: httpx.Response) -> list[dict[str, Any]]:
    """The events in a feed, by their own account; every entry has what RFC 4287 asks for."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/atom+xml; charset=utf-8")
    root = ElementTree.fromstring(answer.content)
    assert root.tag == f"{ATOM}feed"
    for parent in (root, *root.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(parent.findall(f"{ATOM}{name}")) == 1
    found = [json.loads(content.text or "") for content in root.iter(f"{ATOM}content")]
    ids = [entry.findtext(f"{ATOM}id") for entry in root.iter(f"{ATOM}entry")]
    assert ids == [f"urn:civiclake:event:{event['id']}" for event in found]
    return found


def told(city: City, who: str, address: str = ALL) -> set[tuple[str, str]]:
    return {(event["type"], event["subject"]) for event in entries(city.ask(who, "GET", address))}


def test_feeds_tell_each_caller_what_it_may_know_of(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many events it is not told of lie between: they are read a few at a time here."""
    monkeypatch.setattr(feed_door, "_READ_AHEAD", 2)
    assert told(city, "bureau") == set(), "what was there before is not told"
    publish_city(city.home, tables(), 2)
    wait_for(lambda: len(told(city, "bureau")) == 3)
    city.withdraw("cases", 7)
    city.withdraw("open_cases", 13)
    wait_for(lambda: len(told(city, "bureau")) == 5)
    withdrawn = ("withdrawal", "open_cases")
    assert told(city, "public") == told(city, "developer") == {("release.published", "open_cases"), withdrawn}
    assert ("withdrawal", "cases") not in told(city, "street_a")
    assert ("release.published", "cases") in told(city, "street_a")
    one = "/v1/datasets/cases/events.atom"
    assert told(city, "bureau", one) == {("release.published", "cases"), ("withdrawal", "cases")}
    assert city.ask("developer", "GET", one).status_code == 404
    for event in entries(city.ask("bureau", "GET", ALL)):
        if event["type"] == "withdrawal":
            assert len(event["data"]["withdrawals"]) == (event["subject"] == "open_cases")
    assert "C000" not in city.ask("bureau", "GET", ALL).text


def test_a_feed_has_a_tag_and_its_entries_keep_their_ids(city: City) -> None:
    empty = city.ask("public", "GET", ALL)
    assert city.ask("public", "GET", ALL, **{"If-None-Match": empty.headers["etag"]}).status_code == 304
    publish_city(city.home, tables(), 2)
    wait_for(lambda: told(city, "public") != set())
    [first] = entries(city.ask("public", "GET", ALL))
    before = city.ask("public", "GET", ALL).headers["etag"]
    assert before != empty.headers["etag"]
    city.withdraw("open_cases", 13)
    wait_for(lambda: len(told(city, "public")) == 2)
    changed = city.ask("public", "GET", ALL, **{"If-None-Match": before})
    assert (changed.status_code, entries(changed)[1]) == (200, first)
    assert city.ask("public", "HEAD", ALL).content == b""
    assert city.ask("public", "GET", f"{ALL}?x=1").json()["code"] == "unknown-parameter"


def test_who_sees_some_rows_is_told_of_those_only(city: City) -> None:
    rows = city.ask("inspector", "GET", "/v1/datasets/cases/rows?select=case_no&limit=1000").json()["rows"]
    inside = {int(row["case_no"].removeprefix("C")) for row in rows}
    outside = min(set(range(max(inside))) - inside)
    one, withdrawn = "/v1/datasets/cases/events.atom", ("withdrawal", "cases")
    city.withdraw("cases", outside)
    wait_for(lambda: withdrawn in told(city, "bureau", one))
    assert told(city, "inspector", one) == set()
    city.withdraw("cases", min(inside))
    wait_for(lambda: withdrawn in told(city, "inspector", one))
    assert [event["data"]["withdrawals"] for event in entries(city.ask("inspector", "GET", one))] == [[]]
