"""Random questions in SQL, sensible ones and nonsense, over visible and hidden tables and columns."""

from __future__ import annotations

from urllib.parse import urlencode

from tests.gateway.policy.picks import Picks, quoted_name

_QUESTIONS = (
    "SELECT * FROM {t}", "SELECT {c} FROM {t}", "SELECT * FROM {t} LIMIT 3", "SELECT {c}, {d} FROM {t} WHERE {c} = {v}",
    "SELECT count(*) FROM {t} WHERE {c} > {v} OR {d} IS NULL", "SELECT {c}, count(*) FROM {t} GROUP BY 1 LIMIT 4",
    "SELECT max({c}), min({d}), first({c}), any_value({d}), count(DISTINCT {c}) FROM {t}",
    "SELECT row_number() OVER (PARTITION BY {c}), {d} FROM {t}", "SELECT string_agg({c}, ',') FROM {t}",
    "SELECT a.{c}, b.{d} FROM {t} a JOIN {u} b USING ({c}) LIMIT 9", "SELECT 1 WHERE EXISTS (SELECT {c} FROM {t})",
    "SELECT {c}::INTEGER FROM {t}", "SELECT 1 / 0, sqrt(-{c}) FROM {t}", "SELECT * EXCLUDE ({c}) FROM {t}",
    "WITH x AS (SELECT {c} AS y FROM {t} WHERE {d} <> {v}) SELECT y FROM x EXCEPT SELECT {d} FROM {u}",
    "SELECT (SELECT {c} FROM {t} LIMIT 1), rowid FROM {u}", "SELECT mode({c}), arg_max({c}, {d}) FROM {t}",
    "SELECT * FROM duckdb_tables()", "SELECT", "SUMMARIZE {t}", "SELECT {c} FROM {t}; SELECT 1", "{v}",
)  # fmt: skip


def sql_address(picks: Picks, other: str) -> str:
    """An address of a question about the dataset and an `other` one."""
    name, second = picks.column(), quoted_name(picks.column())
    words = {"t": picks.dataset, "u": other, "c": quoted_name(name), "d": second, "v": picks.quoted(name)}
    asked = picks.rng.choice(_QUESTIONS).format(**words)
    found = [("sql", asked), ("format", picks.rng.choice(("json", "csv", "ndjson")))]
    return f"/v1/sql?{urlencode(found)}"
