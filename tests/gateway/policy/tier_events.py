"""What the table of tiers says of events and tombstones: who is told that something happened."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import httpx

from tests.gateway.policy.tier_place import Ask, Door, Place


async def tombstones(ask: Ask, path: str, place: Place) -> None:
    answer = await ask(path.format(dataset=place.dataset))
    assert answer.status_code == (200 if place.described else 404)


async def events_of_dataset(ask: Ask, path: str, place: Place) -> None:
    answer = await ask(path.format(dataset=place.dataset))
    assert answer.status_code == (200 if place.described else 404)
    if place.described:
        assert _told_of(answer) == {place.dataset: {"release.published"} | _withdrawal(place)}


async def events(ask: Ask, path: str, place: Place) -> None:
    found = _told_of(await ask(path)).get(place.dataset, set())
    assert found == _withdrawal(place) | ({"release.published"} if place.described else set())


def _withdrawal(place: Place) -> set[str]:
    """The row that was withdrawn is none of those some callers see: only who sees all rows is told."""
    return {"withdrawal"} if place.readable and place.whole else set()


def _told_of(answer: httpx.Response) -> dict[str, set[str]]:
    """Types of events by dataset; whoever is not told the rows is not told which went."""
    found: dict[str, set[str]] = {}
    for content in ElementTree.fromstring(answer.content).iter("{http://www.w3.org/2005/Atom}content"):
        event = json.loads(content.text or "")
        found.setdefault(event["subject"], set()).add(event["type"])
        assert event["data"].get("withdrawals", []) == []
    return found


EVENT_DOORS: dict[str, Door] = {"tombstones": tombstones, "events_of_dataset": events_of_dataset, "events": events}
