"""Chance in SQL: every draw is a hash of seed, key and purpose, so that any part of the city can be drawn alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb


def install(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Creates the macros of chance in `con`.

    `u(k, purpose)` is uniform in [0, 1) for the integer `k`; `pick(list, k, purpose)` one element of a list;
    `span(k, purpose, low, high)` uniform between two numbers; `seconds(n)` an interval; `digits(k, purpose, n)` n
    random digits as text; `chars(text)` the list of its characters.
    """
    # The outer hash mixes: of several arguments alone, draws of one key for two purposes are the same up to an XOR.
    con.execute(f"""
        create macro draw(k, purpose) as hash(hash({int(seed)}, cast(k as bigint), purpose));
        create macro u(k, purpose) as (draw(k, purpose) // 2048) / 9007199254740992.0;
        create macro pick(items, k, purpose) as items[1 + cast(floor(u(k, purpose) * len(items)) as integer)];
        create macro span(k, purpose, low, high) as low + u(k, purpose) * (high - low);
        create macro seconds(n) as to_seconds(cast(floor(n) as bigint));
        create macro digits(k, purpose, n) as
            lpad(cast(draw(k, purpose) % cast(pow(10, n) as bigint) as varchar), n, '0');
        create macro chars(t) as string_split(t, '');
    """)


def weighted(draw: str, choices: Mapping[str, float]) -> str:
    """SQL picking one SQL value of `choices` by weight with the uniform draw `draw`."""
    total, reached, cases = sum(choices.values()), 0.0, []
    for value, weight in choices.items():
        reached += weight / total
        cases.append(f"when {draw} < {reached:.9f} then {value}")
    return f"case {' '.join(cases)} else {list(choices)[-1]} end"


def planted(key: str, purpose: str, rates: Mapping[str, float], conditions: Mapping[str, str]) -> str:
    """SQL of the defect planted into a row, NULL for most.

    `rates` gives the share of each defect, `conditions` when a row can carry it (always, if not named). One draw
    decides, so that a row carries one defect at most.
    """
    draw, reached, cases = f"u({key}, '{purpose}')", 0.0, []
    for defect, rate in rates.items():
        low, reached = reached, reached + rate
        condition = conditions.get(defect, "true")
        cases.append(f"when {draw} >= {low:.9f} and {draw} < {reached:.9f} and ({condition}) then '{defect}'")
    return f"case {' '.join(cases)} end" if cases else "cast(null as varchar)"


def text_list(values: Sequence[str]) -> str:
    """SQL list of string literals."""
    return "[" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + "]"
