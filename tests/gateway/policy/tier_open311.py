"""What the table of tiers says of Open311: it is there for who sees the key, kind, state and time of the requests."""

from __future__ import annotations

from typing import Any

from tests.gateway.policy.city import REQUESTS
from tests.gateway.policy.tier_place import CITY, TABLE, Ask, Door, Place

_NEEDED = {"case_no", REQUESTS.service_code, REQUESTS.status, REQUESTS.requested}


def _requests(place: Place) -> Place | None:
    """What the caller gets of the dataset of requests; None where that is not enough for the door to be there."""
    mine = Place(place.holder, REQUESTS.dataset, TABLE["callers"][REQUESTS.dataset][place.holder.name])
    return mine if mine.readable and set(mine.clear) - set(mine.cell.get("partly", ())) >= _NEEDED else None


async def _told(ask: Ask, address: str, place: Place) -> list[dict[str, Any]] | None:
    answer = await ask(address)
    assert answer.status_code == (404 if _requests(place) is None else 200), answer.text
    if answer.status_code == 200:
        found: list[dict[str, Any]] = answer.json()
        return found
    nothing = await ask("/open311/v2/nothing.json")
    assert answer.content == nothing.content
    return None


async def document(ask: Ask, path: str, place: Place) -> None:
    """What the door is, and one service."""
    await _told(ask, path.format(suffix="json", code="路灯"), place)


async def services(ask: Ask, path: str, place: Place) -> None:
    """The kinds of requests."""
    found = await _told(ask, path.format(suffix="json"), place)
    if found is not None:
        assert {service["service_code"] for service in found} == {"路灯", "井盖"}


async def requests(ask: Ask, path: str, place: Place) -> None:
    """Every request once, masked where rows are."""
    found = await _told(ask, path.format(suffix="json") + "?page_size=1000", place)
    mine = _requests(place)
    if found is None or mine is None:
        return
    assert len(found) == mine.cell["rows"]
    _same(found, mine)


async def request(ask: Ask, path: str, place: Place) -> None:
    """One request."""
    found = await _told(ask, path.format(suffix="json", number="C00001"), place)
    mine = _requests(place)
    if found is not None and mine is not None:
        _same(found, mine)


def _same(found: list[dict[str, Any]], place: Place) -> None:
    stored = {str(row["case_no"]): row for row in CITY[place.dataset]}
    for told in found:
        row = stored[told["service_request_id"]]
        assert told["service_code"] == row["kind"]
        assert told["requested_datetime"].startswith(row["reported_on"].isoformat())
        assert (told["description"] == row["note"]) == ("note" in place.clear)


OPEN311_DOORS: dict[str, Door] = {
    "open311_document": document,
    "open311_services": services,
    "open311_requests": requests,
    "open311_request": request,
}
