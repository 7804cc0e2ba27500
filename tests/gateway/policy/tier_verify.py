"""What the table of tiers says of verification: which values may be checked, of which rows; of others nothing."""

from __future__ import annotations

from typing import Any

import httpx

from tests.gateway.policy.city import COLUMNS
from tests.gateway.policy.tier_place import CITY, Ask, Door, Place


def _told(answer: httpx.Response, name: str) -> dict[str, Any]:
    """A refusal without the name it is about."""
    assert answer.status_code == 400, answer.text
    told: dict[str, Any] = answer.json()
    return {part: str(value).replace(name, "x") for part, value in told.items()}


async def verify(ask: Ask, path: str, place: Place) -> None:
    address = path.format(dataset=place.dataset)

    async def asked(number: object, **claims: object) -> httpx.Response:
        return await ask(address, body={"key": {"case_no": number}, "claims": claims})

    checks = place.cell.get("verifies")
    if not checks:
        assert (await asked("C00000", kind="x")).status_code == (403 if place.described else 404)
        return
    listed = await ask(f"/v1/datasets/{place.dataset}/rows?select=case_no&limit=1000")
    mine = {row["case_no"] for row in listed.json()["rows"]}
    rows = CITY[place.dataset]
    own = next(row for row in rows if row["case_no"] in mine and row["minutes" if "minutes" in row else "kind"])
    partly = place.cell.get("partly", ())
    held = {name: str(own[name]) for name in checks if own[name] is not None and name not in partly}
    assert held.keys() | {"phone"} >= set(checks)
    assert (await asked(own["case_no"], **held)).json()["claims"] == dict.fromkeys(held, "match")
    wrong = {name: "7" + held[name] if held[name].isdigit() else "1999-01-01" for name in held}
    refused = dict.fromkeys(held, "no-match")
    assert (await asked(own["case_no"], **wrong)).json()["claims"] == refused
    nothing = await asked("C99999", **held)
    assert nothing.json()["claims"] == refused
    for other in [row for row in rows if row["case_no"] not in mine][:2]:
        claims = {name: str(other[name]) for name in held}
        assert (await asked(other["case_no"], **claims)).content == (await asked("C99999", **claims)).content
    unknown = await asked(own["case_no"], poney="x")
    for hidden in set(COLUMNS[place.dataset]) - {"case_no", *checks}:
        assert _told(await asked(own["case_no"], **{hidden: "x"}), hidden) == _told(unknown, "poney")


VERIFY_DOORS: dict[str, Door] = {"verify": verify}
