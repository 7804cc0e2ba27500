"""How well the platform found what was planted: precision and recall of every rule against the answer key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from catalog.city import City
from catalog.contract.model import FeedContract, Table


@dataclass(frozen=True)
class Score:
    """One rule of one landed table: rows planted, rows found, and rows that are both."""

    table: str
    rule: str
    planted: int
    found: int
    both: int

    @property
    def recall(self) -> float:
        """Share of the planted rows that were found; 1 when none was planted."""
        return self.both / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        """Share of the found rows that were planted; 1 when none was found."""
        return self.both / self.found if self.found else 1.0


def score(lake: duckdb.DuckDBPyConnection, city: City, answer_key: Path) -> list[Score]:
    """Scores by table and rule. A duplicate or an unreadable record counts by table, day and file, all others by key.

    `lake` is a connection of `open_lake`.
    """
    found = " UNION ALL ".join(query for feed, table in city.tables() for query in _found(feed, table))
    rows = lake.execute(
        f"""
        WITH found AS (SELECT tab, coalesce(key, '') AS key, day, rule, count(*) AS n FROM ({found}) GROUP BY ALL),
        planted AS (
            SELECT "table" AS tab, CASE WHEN rule_id IN ('DUP', 'R3') THEN '' ELSE coalesce(row_key, '') END AS key,
                   business_date AS day, rule_id AS rule, count(*) AS n
            FROM read_parquet(?) WHERE expected <> 'held' GROUP BY ALL)
        SELECT tab, rule, sum(coalesce(p.n, 0))::INTEGER, sum(coalesce(f.n, 0))::INTEGER,
               sum(least(coalesce(p.n, 0), coalesce(f.n, 0)))::INTEGER
        FROM found f FULL JOIN planted p USING (tab, key, day, rule) GROUP BY ALL ORDER BY ALL""",
        [str(answer_key)],
    ).fetchall()
    return [Score(*row) for row in rows]


def table_of(scores: Iterable[Score]) -> str:
    """The scores as a text table."""
    lines = [f"{'table':16} {'rule':5} {'planted':>8} {'found':>8} {'recall':>7} {'precision':>9}"]
    lines += [f"{s.table:16} {s.rule:5} {s.planted:8} {s.found:8} {s.recall:7.3f} {s.precision:9.3f}" for s in scores]
    return "\n".join(lines)


def _found(feed: FeedContract, table: Table) -> Iterable[str]:
    """Queries of what was found in one table, as (tab, key, day, rule)."""
    landed, name = table.physical_name, f"feed = '{feed.id}' AND table_name = '{table.name}'"
    keyed = sorted((c for c in table.properties if c.primary_key), key=lambda c: c.primary_key_position)
    headings = [[c.physical_name or c.name, *c.options.aliases, c.name] for c in keyed]
    given = ", ".join(f"nullif(coalesce({', '.join(map(_member, names))}), '')" for names in headings)
    key = f"CASE WHEN v.rule = 'R3' THEN '' ELSE concat_ws('|', {given}) END"
    yield (
        f"SELECT '{landed}' AS tab, {key} AS key, business_date AS day, v.rule AS rule "
        f"FROM (SELECT *, unnest(violations) AS v FROM lake.ops.quarantine WHERE {name})"
    )
    accepted = ", ".join(f'"{c.name}"' for c in keyed)
    yield (
        f"SELECT '{landed}', concat_ws('|', {accepted}), _business_date, unnest(_flags) FROM lake.landed.{landed} "
        "WHERE _op = 'upsert'"
    )
    yield (
        f"SELECT '{landed}', '', b.business_date, 'DUP' FROM lake.ops.duplicate d JOIN (SELECT DISTINCT batch_id, "
        f"business_date FROM lake.ops.batch) b USING (batch_id) WHERE {name}"
    )


def _member(name: str) -> str:
    """SQL of one member of the delivered row."""
    return f"raw ->> '$.\"{name}\"'"
