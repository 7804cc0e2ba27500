"""What the table of tiers says of city codes: there for who reads the register, each part as its dataset is read."""

from __future__ import annotations

from typing import Any

import httpx

from tests.gateway.policy.city import CODES
from tests.gateway.policy.tier_place import CITY, Ask, Door, Place

CODE = "C00004"  # of a street that one of the streets has
_KEY = CODES.register_.code


async def _native(ask: Ask, dataset: str) -> list[dict[str, Any]] | None:
    """The rows of that code as the dataset's own door gives them; None where they cannot be asked for by it."""
    answer = await ask(f"/v1/datasets/{dataset}/rows?{_KEY}={CODE}")
    found: list[dict[str, Any]] | None = answer.json()["rows"] if answer.status_code == 200 else None
    return found


async def _told(ask: Ask, address: str) -> httpx.Response:
    """The answer; one about nothing where the caller does not read that row of the register."""
    answer, nothing = await ask(address), await ask(address.replace(CODE, "C99999"))
    assert nothing.status_code == 404
    if not await _native(ask, CODES.register_.dataset):
        assert answer.content == nothing.content
    else:
        assert answer.status_code == 200, answer.text
    return answer


async def code(ask: Ask, path: str, place: Place) -> None:
    answer = await _told(ask, path.format(code=CODE))
    if answer.status_code == 404:
        return
    told = answer.json()
    assert [told["register"]] == await _native(ask, CODES.register_.dataset)
    rows = await _native(ask, place.dataset)
    part = told["parts"].get(place.dataset)
    if place.dataset not in CODES.parts:
        return
    assert (part is None) == (rows is None)
    assert part is None or part["rows"] == rows
    if part is not None and rows:
        assert list(part["rows"][0]) == place.columns
        [stored] = [row for row in CITY[place.dataset] if row[_KEY] == CODE]
        partly = place.cell.get("partly", ())
        assert all(part["rows"][0][name] != stored[name] for name in place.masked if name not in partly)


async def called(ask: Ask, path: str, place: Place) -> None:
    """The symbol, for who reads the register; by another code what is found, for who reads that as well."""
    if place.dataset != CODES.register_.dataset or CODES.aliases is None:
        return
    await _told(ask, path.format(code=CODE))
    aliases, alias = CODES.aliases.dataset, CODES.aliases.alias
    [phone] = [row[alias] for row in CITY[aliases] if row[_KEY] == CODE]
    seen = [row for row in await _native(ask, aliases) or () if row.get(alias) == phone]
    answer = await ask(f"/v1/codes/{phone}")
    if seen and await _native(ask, CODES.register_.dataset):
        assert answer.json()["code"] == CODE
    else:
        assert answer.content == (await ask("/v1/codes/C99999")).content


CODE_DOORS: dict[str, Door] = {"code": code, "code_called": called}
