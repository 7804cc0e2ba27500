"""Random requests to the addresses below /odata, sensible ones and nonsense."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

_FIXED = ("/odata", "/odata/", "/odata/$metadata", "/odata/$metadata?$format=json", "/odata/nothing", "/odata?x=1")
_FILTERS = (
    "{c} eq {v}", "{c} ne {v}", "{c} lt {v}", "{c} ge {v} and {d} eq null", "not ({c} eq {v} or {d} ne null)",
    "{c} in ({v},'x')", "contains({c},'3')", "startswith(tolower({c}),{v})", "not endswith({c},{v})", "{c}", "not {c}",
    "year({c}) eq 2026", "date({c}) ne 2026-01-09", "{v} gt {c}", "{c} eq", "length({c}) gt 1",
)  # fmt: skip
_APPLY = (
    "groupby(({c}))", "groupby(({c},{d}),aggregate($count as n))", "aggregate({c} with {m} as a,$count as n)",
    "filter({c} eq {v})/groupby(({d}),aggregate({c} with {m} as a))", "topcount(1,{c})",
)  # fmt: skip


def odata_address(
    rng: random.Random,
    dataset: str,
    column: Callable[[], str],
    value: Callable[[str], Any],
    told: Callable[[], str],
) -> str:
    """An address; `column` picks a name, `value` a value of it, `told` a name by which groups may be asked for."""
    if rng.random() < 0.12:
        return rng.choice(_FIXED)
    root = f"/odata/{dataset}"
    if rng.random() < 0.15:
        return f"{root}({quote(_text(value('case_no')), safe='')})"
    name = column()
    words = {"c": name, "d": column(), "v": _text(value(name))}
    found: list[tuple[str, str]] = []
    if rng.random() < 0.25:
        words = {"c": told(), "d": told(), "v": _text(value(told())), "m": rng.choice(("sum", "average", "max", "x"))}
        found.append(("$apply", rng.choice(_APPLY).format(**words)))
        found += [("$filter", "n ge 3")] if rng.random() < 0.3 else []
        return f"{root}?{urlencode(found)}"
    if rng.random() < 0.7:
        found.append(("$filter", rng.choice(_FILTERS).format(**words)))
    if rng.random() < 0.1:
        return f"{root}/$count?{urlencode(found)}"
    for option, texts in (
        ("$select", (name, f"{name},{column()}")),
        ("$orderby", (name, f"{name} desc")),
        ("$top", ("1", "9", "0", "x")),
        ("$skip", ("2", "70")),
        ("$count", ("true",)),
    ):
        if rng.random() < 0.25:
            found.append((option, rng.choice(texts)))
    return f"{root}?{urlencode(found)}"


def _text(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"
