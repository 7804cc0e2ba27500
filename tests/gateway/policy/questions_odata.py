"""Random requests to the addresses below /odata, sensible ones and nonsense."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from tests.gateway.policy.picks import Picks

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


def odata_address(picks: Picks) -> str:
    """An address."""
    rng = picks.rng
    if rng.random() < 0.12:
        return rng.choice(_FIXED)
    root = f"/odata/{picks.dataset}"
    if rng.random() < 0.15:
        return f"{root}({quote(picks.quoted('case_no'), safe='')})"
    name = picks.column()
    words = {"c": name, "d": picks.column(), "v": picks.quoted(name)}
    found: list[tuple[str, str]] = []
    if rng.random() < 0.25:
        words = {
            "c": picks.told(),
            "d": picks.told(),
            "v": picks.quoted(picks.told()),
            "m": rng.choice(("sum", "average", "max", "x")),
        }
        found.append(("$apply", rng.choice(_APPLY).format(**words)))
        found += [("$filter", "n ge 3")] if rng.random() < 0.3 else []
        return f"{root}?{urlencode(found)}"
    if rng.random() < 0.7:
        found.append(("$filter", rng.choice(_FILTERS).format(**words)))
    if rng.random() < 0.1:
        return f"{root}/$count?{urlencode(found)}"
    for option, texts in (
        ("$select", (name, f"{name},{picks.column()}")),
        ("$orderby", (name, f"{name} desc")),
        ("$top", ("1", "9", "0", "x")),
        ("$skip", ("2", "70")),
        ("$count", ("true",)),
        ("$search", (f'"{words["v"][1:-1]}"', "a OR b")),
    ):
        if rng.random() < 0.25:
            found.append((option, rng.choice(texts)))
    return f"{root}?{urlencode(found)}"
