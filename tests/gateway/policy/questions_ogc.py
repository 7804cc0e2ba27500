"""Random requests to the addresses below /ogc, sensible ones and nonsense."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from tests.gateway.policy.picks import Picks, quoted_name

_FIXED = (
    "/ogc", "/ogc/conformance", "/ogc/api", "/ogc/collections", "/ogc/collections?f=html",
    "/ogc/collections/dataset-records", "/ogc/collections/dataset-records/queryables",
    "/ogc/collections/dataset-records/items", "/ogc/collections/dataset-records/items?limit=1&q=street",
    "/ogc/collections/dataset-records/items?datetime=2024-01-01/..&bbox=1,2,3,4&type=dataset",
)  # fmt: skip
_FILTERS = (
    "{c} = {v}", "{c} <> {v}", "{c} < {v}", "{c} >= {v} AND {d} IS NULL", "NOT ({c} = {v} OR {d} IS NOT NULL)",
    "{c} BETWEEN {v} AND {v}", "{c} IN ({v}, 'x')", "{c} LIKE '%3%'", "CASEI({c}) = CASEI({v})", "{c}", "NOT {c}",
    "S_INTERSECTS(geometry, POINT(1 2))", "S_INTERSECTS({c}, BBOX(1,2,3,4))", "true", "{c} =", "f({c})", "{v} = {c}",
)  # fmt: skip


def ogc_address(picks: Picks) -> str:
    """An address."""
    rng, dataset = picks.rng, picks.dataset
    if rng.random() < 0.2:
        return rng.choice(_FIXED)
    root = f"/ogc/collections/{dataset}"
    if rng.random() < 0.15:
        return rng.choice((root, f"{root}/queryables", f"/ogc/collections/dataset-records/items/{dataset}"))
    if rng.random() < 0.2:
        return f"{root}/items/{quote(str(picks.value('case_no')) or 'x', safe='')}"
    found = [("limit", rng.choice(("1", "5", "70", "0", "x")))]
    name = picks.column()
    if rng.random() < 0.6:
        words = {"c": quoted_name(name), "d": quoted_name(picks.column()), "v": picks.quoted(name)}
        found.append(("filter", rng.choice(_FILTERS).format(**words)))
    if rng.random() < 0.3:
        found.append((name, str(picks.value(name))))
    if rng.random() < 0.2:
        found.append(("datetime", rng.choice(("2026-01-10", "../2026-01-20T00:00:00Z", "2026-02-01/..", "x"))))
    if rng.random() < 0.2:
        found.append(("sortby", rng.choice(("", "-", "+")) + picks.column()))
    return f"{root}/items?{urlencode(found)}"
