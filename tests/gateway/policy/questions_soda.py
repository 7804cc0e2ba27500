"""Random requests to Socrata's addresses, sensible ones and nonsense."""

from __future__ import annotations

import random
from urllib.parse import urlencode

from gateway.facades.soda.ids import four_by_four
from tests.gateway.policy.picks import Picks

_FIXED = (
    "/api/catalog/v1", "/api/catalog/v1?q=cases&limit=1",
    "/api/catalog/v1?domains=gateway&only=dataset&order=updatedAt",
    "/api/catalog/v1?column_names=fee", "/api/views/metadata/v1", "/api/views/metadata/v1?limit=1&page=2",
    "/resource/poney.json",
)  # fmt: skip
_WHERES = (
    "{c} = {v}", "{c} != {v} or {d} is null", "not ({c} in ({v}, 'x') and {d} is not null)", "{c} like '%3%'",
    "upper({c}) = {v}", "starts_with({c}, '1')", "{c} between {v} and {v}", "{c} > 3.5", "{c}", "{c} =", "f({c})",
    "date_trunc_ym({c}) = '2026-01-01'", "within_circle(location, 1, 2, 3)", "{v} < {c}", "1 = 1",
)  # fmt: skip


def soda_address(picks: Picks) -> str:
    """An address."""
    rng, dataset = picks.rng, picks.dataset
    if rng.random() < 0.15:
        return rng.choice(_FIXED)
    resource = rng.choice((dataset, four_by_four(dataset)))
    if rng.random() < 0.15:
        return rng.choice((f"/api/views/{resource}.json", f"/api/views/metadata/v1/{resource}"))
    grouped = rng.random() < 0.35
    name, other = (picks.told(), picks.told()) if grouped else (picks.column(), picks.column())
    found = _groups(rng, f"`{name}`", f"`{other}`") if grouped else _rows(rng, f"`{name}`", f"`{other}`")
    if rng.random() < 0.6:
        found["$where"] = rng.choice(_WHERES).format(c=f"`{name}`", d=f"`{other}`", v=picks.quoted(name))
    if rng.random() < 0.2:
        found[name] = str(picks.value(name))
    found |= {f"${n}": rng.choice(("1", "5", "70", "x")) for n in ("limit", "offset") if rng.random() < 0.4}
    return f"/resource/{resource}.{rng.choice(('json', 'json', 'csv', 'geojson', 'xml'))}?{urlencode(found)}"


def _rows(rng: random.Random, first: str, second: str) -> dict[str, str]:
    found = (
        {"$select": rng.choice((first, f"{first}, {second} as x", "*", f"date_extract_m({first})"))}
        if rng.random() < 0.4
        else {}
    )
    return found | ({"$order": rng.choice((first, f"{second} desc", ":id"))} if rng.random() < 0.3 else {})


def _groups(rng: random.Random, first: str, second: str) -> dict[str, str]:
    if rng.random() < 0.3:
        return {"$select": f"distinct {second}"}
    measure = rng.choice(("max", "sum", "count", "nonsense"))
    found = {"$select": f"{second}, count(*) as n, {measure}({first})", "$group": second}
    found |= {"$having": rng.choice(("n > 3", f"{second} is not null or n < 9"))} if rng.random() < 0.4 else {}
    return found | ({"$order": rng.choice(("n desc", second, f"count({first})"))} if rng.random() < 0.4 else {})
