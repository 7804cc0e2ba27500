"""How well the platform found what was planted: precision and recall of every rule against the answer key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from catalog.city import City
from catalog.workspace import Workspace
from orchestration.landing.ledger import Ledger

# How the records of systems without files name key and version, and where they are in a landed object.
RECORDS = {
    ("hotline", "ticket"): ("read_json({}, columns = {{items: 'JSON[]'}})", "r ->> '工单编号'", "r ->> '更新时间'"),
    ("hotline", "visit"): (
        "read_json({}, columns = {{items: 'JSON[]'}})",
        "concat_ws('|', r ->> '工单编号', r ->> '回访序号')",
        "r ->> '更新时间'",
    ),
    ("permits", "permit"): (
        """(SELECT filename, list(json ORDER BY n) AS items FROM (
            SELECT filename, json, row_number() OVER () AS n FROM read_ndjson_objects({}, filename = true))
            GROUP BY filename)""",
        "(r ->> 'xk_wsh') || '|' || (r ->> 'xk_xkjgdm')",
        "r ->> 'gxsj'",
    ),
}


@dataclass(frozen=True)
class Score:
    """Figures of one rule on one table: defects planted, rows the rule named, and how many of them are the planted."""

    table: str
    rule: str
    planted: int
    found: int
    hits: int

    @property
    def recall(self) -> float:
        """Share of the planted defects that were found."""
        return self.hits / self.planted if self.planted else 1.0

    @property
    def precision(self) -> float:
        """Share of the findings that were planted."""
        return self.hits / self.found if self.found else 1.0

    def line(self) -> str:
        """One line of the table."""
        figures = f"{self.planted:8,}{self.found:8,}{self.hits:8,}"
        return f"{self.table:<16}{self.rule:<6}{figures}{self.precision:11.4f}{self.recall:9.4f}"


HEADER = f"{'table':<16}{'rule':<6}{'planted':>8}{'found':>8}{'hits':>8}{'precision':>11}{'recall':>9}"


def score(con: duckdb.DuckDBPyConnection, city: City, workspace: Workspace, answer_key: Path) -> list[Score]:
    """Every rule that was planted or found, in order; `con` has the lake attached.

    Rows of files are compared by file and line, those of other systems by key and version as delivered. A planted
    row counts only if it was delivered: what a database had corrected before it was asked nobody could see.
    """
    con.execute("CREATE TEMP TABLE delivered (tab VARCHAR, file VARCHAR, line BIGINT, id VARCHAR)")
    for (feed, table), (relation, key, version) in RECORDS.items():
        _read_records(con, city, workspace, feed, table, relation, key, version)
    con.execute(f"""
        CREATE TEMP TABLE planted AS
        SELECT "table" AS tab, rule_id AS rule, file_name IS NOT NULL AS of_file,
               CASE WHEN of_file THEN concat_ws(':', file_name, line)
                    ELSE coalesce(row_key, '') || '@' || strftime(version_at, '%Y-%m-%d %H:%M:%S') END AS id
        FROM '{answer_key}'""")
    con.execute("DELETE FROM planted WHERE NOT of_file AND (tab, id) NOT IN (SELECT tab, id FROM delivered)")
    con.execute(f"CREATE TEMP TABLE found AS {' UNION ALL '.join(_findings(city))}")
    result = con.execute("""
        WITH p AS (SELECT tab, rule, id, count(*) AS n FROM planted GROUP BY ALL),
        f AS (SELECT tab, rule, id, count(*) AS n FROM found GROUP BY ALL)
        SELECT tab, rule, sum(coalesce(p.n, 0)), sum(coalesce(f.n, 0)), sum(least(coalesce(p.n, 0), coalesce(f.n, 0)))
        FROM p FULL JOIN f USING (tab, rule, id) GROUP BY ALL ORDER BY ALL""")
    return [Score(str(tab), str(rule), *map(int, figures)) for tab, rule, *figures in result.fetchall()]


def table_of(scores: Iterable[Score]) -> str:
    """The scores as a text table."""
    return "\n".join([HEADER, *(found.line() for found in scores)])


def _read_records(
    con: duckdb.DuckDBPyConnection,
    city: City,
    workspace: Workspace,
    feed: str,
    table: str,
    relation: str,
    key: str,
    version: str,
) -> None:
    """Every record of the landed objects of a table, as file, line and identity."""
    with Ledger(workspace) as ledger:
        receipts = [
            receipt
            for batch in ledger.batches(feed)
            for receipt in ledger.objects(batch.batch_id)
            if receipt.table == table and receipt.role == "data"
        ]
        names = [(r.object_id, r.file_name) for r in receipts]
        paths = [str(ledger.object_path(r.object_id)) for r in receipts]
    con.execute("CREATE OR REPLACE TEMP TABLE named (object VARCHAR, file VARCHAR)")
    con.executemany("INSERT INTO named VALUES (?, ?)", names)
    physical = next(t.physical_name for t in city.feeds[feed].tables if t.name == table)
    con.execute(
        f"""INSERT INTO delivered
        SELECT '{physical}', n.file, line, coalesce({key}, '') || '@' || substr({version}, 1, 19)
        FROM (SELECT parse_filename(filename) AS object, unnest(items) AS r,
                     generate_subscripts(items, 1) AS line FROM {relation.format(paths)}) JOIN named n USING (object)"""
    )


def _findings(city: City) -> Iterable[str]:
    """Queries of (table, rule, identity) for everything the platform named."""
    identity = "coalesce(d.id, q.file_name || ':' || q.line)"
    for feed, table in city.tables():
        name, of = table.physical_name, f"q.feed = '{feed.id}' AND q.table_name = '{table.name}'"
        known = f"LEFT JOIN delivered d ON d.tab = '{name}' AND d.file = q.file_name AND d.line = q.line"
        yield (
            f"SELECT '{name}' AS tab, unnest(q.rule_ids) AS rule, {identity} AS id "
            f"FROM lake.ops.quarantine q {known} WHERE {of}"
        )
        yield f"SELECT '{name}', 'DUP', {identity} FROM lake.ops.duplicate q {known} WHERE {of}"
        yield (
            f"SELECT '{name}', unnest(q._flags), {identity} FROM (SELECT _flags, _file_name AS file_name, "
            f"_line AS line FROM lake.landed.{name}) q {known}"
        )
        yield (
            f"SELECT '{name}', r[:2], regexp_extract(r, '\\[(.*)\\]$', 1) FROM (SELECT unnest(q.reasons) AS r "
            f"FROM lake.ops.batch q WHERE {of} AND q.status = 'held') WHERE NOT starts_with(r, 'held with')"
        )
