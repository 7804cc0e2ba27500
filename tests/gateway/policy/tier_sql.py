"""What the table of tiers says of questions in SQL: the same columns, rows and masks as /rows, or nothing at all."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx

from tests.gateway.policy.city import COLUMNS
from tests.gateway.policy.tier_place import Ask, Door, Place
from tests.gateway.policy.tier_rows import holds

_WITHOUT = ("public", "steward", "breaker")  # of tiers that ask nothing in SQL


def _told(answer: httpx.Response, name: str) -> dict[str, object]:
    """A refusal without the name it is about."""
    assert answer.status_code == 400
    return {key: value for key, value in answer.json().items() if key != "detail"} | {
        "detail": answer.json()["detail"].replace(name, "x")
    }


async def sql(ask: Ask, path: str, place: Place) -> None:
    async def asked(text: str) -> httpx.Response:
        return await ask(f"{path}?{urlencode({'sql': text})}")

    answer = await asked(f"SELECT * FROM {place.dataset}")
    if place.holder.name in _WITHOUT:
        assert answer.status_code == 403
    elif not place.described:
        nothing = await asked("SELECT * FROM " + "n" * len(place.dataset))
        assert _told(answer, place.dataset) == _told(nothing, "n" * len(place.dataset))
    elif not place.readable:
        assert answer.status_code == 403
    else:
        told = answer.json()
        assert told["complete"] is True
        names = [column["name"] for column in told["columns"]]
        holds(place, names, [tuple(row.values()) for row in told["rows"]])
        nothing = await asked(f"SELECT nothing FROM {place.dataset}")
        for hidden in set(COLUMNS[place.dataset]) - set(place.columns):
            quoted = '"' + hidden.replace('"', '""') + '"'
            found = await asked(f"SELECT {quoted} FROM {place.dataset}")
            assert _told(found, hidden) == _told(nothing, "nothing")


SQL_DOORS: dict[str, Door] = {"sql": sql}
