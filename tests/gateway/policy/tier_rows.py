"""What the table of tiers says of rows, tables and files: so many rows, clear cells as they are, masked ones not."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx

from tests.gateway.policy.tier_place import CITY, Ask, Door, Place


def holds(place: Place, names: list[str], rows: list[tuple[Any, ...]]) -> None:
    """The rows are as many as the table says, clear cells as they are stored, masked ones in no row so."""
    assert names == place.columns
    assert len(rows) == place.cell["rows"]
    stored = {str(row["case_no"]): row for row in CITY[place.dataset]}
    truth = {name: {_text(row[name]) for row in CITY[place.dataset]} for name in names}
    for row in rows:
        told = dict(zip(names, row, strict=True))
        for name in place.masked:
            assert told[name] is None or _text(told[name]) not in truth[name], name
        if "case_no" in place.clear:
            for name in place.clear:
                if name not in place.cell.get("partly", ()):
                    assert _text(told[name]) == _text(stored[told["case_no"]][name]), name
    for name in place.cell.get("partly", ()):
        assert {_text(value) for value in (row[names.index(name)] for row in rows)} > {None}


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)


async def rows(ask: Ask, path: str, place: Place) -> None:
    answer = await ask(path.format(dataset=place.dataset, suffix="json") + "?limit=1000")
    assert answer.status_code == (200 if place.readable else 403 if place.described else 404)
    if place.readable:
        told = answer.json()
        names = list(told["rows"][0])
        holds(place, names, [tuple(row.values()) for row in told["rows"]])
        for name in place.masked:
            await nothing_found(ask, path, place, name)


async def nothing_found(ask: Ask, path: str, place: Place, name: str) -> None:
    """No row is found by the clear value of a masked column, nor by a part of it that the mask takes away."""
    value = next(str(row[name]) for row in CITY[place.dataset] if row[name] is not None)
    address = httpx.URL(path.format(dataset=place.dataset, suffix="json"))
    for operator in ("eq", "prefix", "contains", "in"):
        found = await ask(str(address.copy_add_param(f"{name}__{operator}", value)))
        assert found.status_code == 200, found.text
        assert found.json()["rows"] == []


async def table(ask: Ask, path: str, place: Place) -> None:
    await rows(ask, path, place)
    answer = await ask(path.format(dataset=place.dataset, suffix="csv"))
    exported = place.readable and not place.cell.get("no_export")
    assert answer.status_code == (200 if exported else 403 if place.described else 404)
    if exported:
        head, *lines = csv.reader(io.StringIO(answer.text, newline=""))
        holds(place, head, [tuple(line) for line in lines])


async def cost(ask: Ask, path: str, place: Place) -> None:
    answer = await ask(path.format(dataset=place.dataset))
    assert answer.status_code == (200 if place.readable else 403 if place.described else 404)
    if place.readable:
        assert answer.json()["rows_known"] == place.whole


async def files(ask: Ask, path: str, place: Place) -> None:
    for kind in ("csv", "parquet"):
        name = f"{place.dataset}.{kind}"
        answer = await ask(path.format(dataset=place.dataset, name=name))
        exported = place.readable and not place.cell.get("no_export")
        expected = 200 if name in place.cell.get("files", ()) else 403 if place.described and not exported else 404
        assert answer.status_code == expected, name
        if expected == 200 and kind == "csv":
            head, *lines = csv.reader(io.StringIO(answer.text, newline=""))
            assert set(head) <= set(place.clear)
            assert len(lines) == place.cell["rows"]


ROW_DOORS: dict[str, Door] = {"rows": rows, "table": table, "cost": cost, "files": files}
