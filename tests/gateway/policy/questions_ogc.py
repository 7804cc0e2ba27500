"""Random requests to the addresses below /ogc, sensible ones and nonsense."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

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


def ogc_address(rng: random.Random, dataset: str, column: Callable[[], str], value: Callable[[str], Any]) -> str:
    """An address; `column` picks a name, `value` a value of it."""
    if rng.random() < 0.2:
        return rng.choice(_FIXED)
    root = f"/ogc/collections/{dataset}"
    if rng.random() < 0.15:
        return rng.choice((root, f"{root}/queryables", f"/ogc/collections/dataset-records/items/{dataset}"))
    if rng.random() < 0.2:
        return f"{root}/items/{quote(str(value('case_no')) or 'x', safe='')}"
    found = [("limit", rng.choice(("1", "5", "70", "0", "x")))]
    name = column()
    if rng.random() < 0.6:
        quoted = '"' + name.replace('"', '""') + '"'
        other = '"' + column().replace('"', '""') + '"'
        text = "'" + str(value(name)).replace("'", "''") + "'"
        found.append(("filter", rng.choice(_FILTERS).format(c=quoted, d=other, v=text)))
    if rng.random() < 0.3:
        found.append((name, str(value(name))))
    if rng.random() < 0.2:
        found.append(("datetime", rng.choice(("2026-01-10", "../2026-01-20T00:00:00Z", "2026-02-01/..", "x"))))
    if rng.random() < 0.2:
        found.append(("sortby", rng.choice(("", "-", "+")) + column()))
    return f"{root}/items?{urlencode(found)}"
