"""Whatever is asked in SQL has the answer that plain DuckDB gives over the rows the caller reads at /rows."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from tests.gateway.policy.city import ODD
from tests.gateway.sandbox.conftest import Asking

QUESTIONS = 45
_FIGURES = (
    "count(*)",
    "count({c})",
    "count(DISTINCT {c})",
    "min({c})",
    "max({c})",
    "sum({n})",
    "round(avg({n}), 6)",
    "median({n})",
    "count(*) FILTER (WHERE {n} > 3)",
    "string_agg({t}, '' ORDER BY {t})",
    "bool_or({n} = 2)",
    "arg_max({t}, {n})",
)
_VALUES = (
    "{c}",
    "{n} + 1",
    "-{n}",
    "{n} * 2 - {n}",
    "{n} // 2",
    "{n} % 3",
    "{n} / 4",
    "{t} || 'x'",
    "upper({t})",
    "length({t})",
    "left({t}, 2)",
    "substr({t}, 2, 3)",
    "coalesce({n}, -1)",
    "nullif({n}, 2)",
    "CASE WHEN {n} > 4 THEN {t} ELSE 'few' END",
    "{n} IS NULL",
    "{n} BETWEEN 2 AND 5",
    "TRY_CAST(substr({t}, 2) AS INTEGER)",
    "{n}::DECIMAL(9, 2)",
    "'1.50'::DOUBLE",
    "regexp_extract({t}, '[0-9]+')",
    "(SELECT max({n}) FROM {d})",
    "{t} LIKE '%0%'",
    "{t} NOT IN ('路灯', 'C00001')",
    "DATE '2026-01-31' + INTERVAL ({n}) DAY",
    "greatest({n}, 3)",
    "{n} IS DISTINCT FROM 2",
    "concat({t}, {n})",
    "'it''s'",
)
_CONDITIONS = (
    "{n} > 3",
    "{n} = 2",
    "4 >= {n}",
    "{t} = '路灯'",
    "{t} < 'C00030'",
    "{t} >= '9901'",
    "{n} IS NOT NULL",
    "NOT {n} > 3",
    "{n} = 1 OR {t} LIKE '路%'",
    "{n} IN (SELECT {p} FROM {d} WHERE {p} > 5)",
    "{n} <> 4",
    "{n} = '3'",
    "{n} > 2.5",
    "EXISTS (SELECT 1 FROM {d} x WHERE x.{p} = {n} + 1)",
    "{n} < (SELECT avg({p}) FROM {d})",
    "{t} <> ''",
)


class Writer:
    """Writes questions over the tables a caller sees: names of number and text columns by table."""

    def __init__(self, seed: int, numbers: dict[str, list[str]], texts: dict[str, list[str]]) -> None:
        self.rng, self.numbers, self.texts = random.Random(seed), numbers, texts

    def filled(self, pattern: str, table: str, prefix: str = "") -> str:
        rng = self.rng
        plain = rng.choice(self.numbers[table])
        number, text = prefix + plain, prefix + rng.choice(self.texts[table])
        return pattern.format(n=number, t=text, c=rng.choice((number, text)), d=table, p=plain)

    def where(self, table: str, prefix: str = "") -> str:
        rng = self.rng
        found = [self.filled(rng.choice(_CONDITIONS), table, prefix) for _ in range(rng.choice((0, 1, 1, 2)))]
        return f" WHERE {' AND '.join(f'({part})' if ' OR ' in part else part for part in found)}" if found else ""

    def question(self) -> str:
        rng = self.rng
        table = rng.choice(sorted(self.numbers))
        kind = rng.choice((self.plain, self.plain, self.grouped, self.joined, self.windowed, self.united, self.named))
        return kind(table)

    def plain(self, table: str) -> str:
        values = [self.filled(self.rng.choice(_VALUES), table) for _ in range(3)]
        listed = ", ".join(f"{value} AS v{place}" for place, value in enumerate(values))
        some = self.rng.choice(("DISTINCT ", "", ""))
        return f"SELECT {some}{listed} FROM {table}{self.where(table)} ORDER BY ALL LIMIT {self.rng.choice((5, 50))}"

    def grouped(self, table: str) -> str:
        key = self.filled(self.rng.choice(("{c}", "{n} % 2", "left({t}, 1)")), table)
        figures = [self.filled(self.rng.choice(_FIGURES), table) for _ in range(2)]
        listed = ", ".join(f"{value} AS v{place}" for place, value in enumerate(figures))
        having = self.rng.choice((" HAVING count(*) > 2", ""))
        way = self.rng.choice(("1", "ROLLUP (k)", "ALL"))
        return f"SELECT {key} AS k, {listed} FROM {table}{self.where(table)} GROUP BY {way}{having}".replace(
            "(k)", f"({key})"
        )

    def joined(self, table: str) -> str:
        how = self.rng.choice(("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"))
        other = self.rng.choice(sorted(self.numbers))
        value, theirs = self.filled("{c}", table, "a."), self.filled("{c}", other, "b.")
        on = f"{self.filled('{t}', table, 'a.')} = {self.filled('{t}', other, 'b.')}"
        where = self.where(table, "a.") if self.rng.random() < 0.5 else self.where(other, "b.")
        listed = f"{value} AS v, {theirs} AS w, count(*) AS n"
        return f"SELECT {listed} FROM {table} a {how} {other} b ON {on}{where} GROUP BY 1, 2"

    def windowed(self, table: str) -> str:
        figure = self.filled(self.rng.choice(("sum({n})", "count(*)", "max({t})")), table)
        part, order = self.filled("{t}", table), self.filled("{n}", table)
        window = f"PARTITION BY {part} ORDER BY {order} RANGE UNBOUNDED PRECEDING"
        return (
            f"SELECT {order} AS o, {figure} OVER ({window}) AS v, "
            f"dense_rank() OVER (ORDER BY {order} DESC) AS r FROM {table}{self.where(table)}"
        )

    def united(self, table: str) -> str:
        way = self.rng.choice(("UNION", "UNION ALL", "EXCEPT", "INTERSECT"))
        one, two = self.filled("{n}", table), self.filled("{n}", table)
        return f"SELECT {one} AS v FROM {table}{self.where(table)} {way} SELECT {two} FROM {table}{self.where(table)}"

    def named(self, table: str) -> str:
        inner = f"SELECT * FROM {table}{self.where(table)}"
        return (
            f"WITH x AS ({inner}) SELECT count(*) AS n, {self.filled('max({c})', table)} AS v FROM x{self.where(table)}"
        )


def read(asking: Asking, caller: str, dataset: str) -> list[dict[str, Any]]:
    """All rows the caller reads of a dataset."""
    headers = asking.holders[caller].headers
    rows: list[dict[str, Any]] = asking.client.get(f"/v1/datasets/{dataset}/rows?limit=1000", headers=headers).json()[
        "rows"
    ]
    return rows


@pytest.mark.parametrize(
    ("caller", "datasets"), [("street_a", ("street_pack", "open_cases")), ("inspector", ("cases",))]
)
def test_the_answer_is_that_of_plain_duckdb_over_the_rows(
    asking: Asking, caller: str, datasets: tuple[str, ...]
) -> None:
    numbers: dict[str, list[str]] = {}
    texts: dict[str, list[str]] = {}
    with duckdb.connect() as plain:
        for dataset in datasets:
            rows = pa.Table.from_pylist(read(asking, caller, dataset))
            plain.register("rows", rows)
            columns = {name: "INTEGER" if name in ("fee", "minutes") else "VARCHAR" for name in rows.column_names}
            listed = ", ".join(f"{quoted(name)}::{kind} AS {quoted(name)}" for name, kind in columns.items())
            plain.execute(f"CREATE TABLE {dataset} AS SELECT {listed} FROM rows")
            numbers[dataset] = [name for name, kind in columns.items() if kind == "INTEGER"]
            texts[dataset] = [name for name, kind in columns.items() if kind == "VARCHAR" and name != ODD]
        writer = Writer(7, numbers, texts)
        rows_told = 0
        for _ in range(QUESTIONS):
            text = writer.question()
            expected = plain.execute(text)
            names = [column[0] for column in expected.description or ()]
            answer = asking(text, caller)
            assert answer.status_code == 200, (text, answer.text)
            told = answer.json()
            assert [column["name"] for column in told["columns"]] == names, text
            rows_wanted = [tuple(map(plain_text, row)) for row in expected.fetchall()]
            rows_found = [tuple(map(plain_text, row.values())) for row in told["rows"]]
            assert Counter(rows_found) == Counter(rows_wanted), text
            assert "ORDER BY ALL" not in text or rows_found == rows_wanted, text
            rows_told += len(rows_found)
    assert rows_told > QUESTIONS * 3


def quoted(name: str) -> str:
    """A name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def plain_text(value: Any) -> str | None:
    """A value as both ways of telling it have it: numbers by their value, times without the T."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    try:
        return format(float(value), ".6f")
    except (TypeError, ValueError):
        return str(value).replace("T00:00:00", " 00:00:00")
