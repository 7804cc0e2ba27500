"""Facts about the engine and the parser on which the gate's design rests, to be run again at every upgrade.

A test that fails here after an upgrade is not to be mended in the test: the design has lost, or won, a ground.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp

SECRET = "s3cret-value"
LOCK = ("SET enable_external_access = false", "SET lock_configuration = true")


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with a hidden table beside the view that an actor may see, locked as tightly as settings allow."""
    path = tmp_path_factory.mktemp("facts") / "hidden.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(
            f"CREATE TABLE hidden AS SELECT i AS id, i % 3 = 0 AS mine, '{SECRET}' || i AS word FROM range(9) r(i)"
        )
        con.execute("CREATE TABLE shown AS SELECT i AS id FROM range(3) r(i)")
        con.execute(f"CREATE VIEW policy AS SELECT id FROM hidden WHERE mine AND word <> '{SECRET}'")
        con.execute("CHECKPOINT")
        for setting in LOCK:
            con.execute(setting)
        yield con


DOORS_LEFT_OPEN = {
    "text of a policy": "SELECT sql FROM duckdb_views() WHERE view_name = 'policy'",
    "names and sizes of hidden tables": "SELECT estimated_size FROM duckdb_tables() WHERE table_name = 'hidden'",
    "names of hidden columns": "SELECT column_name FROM duckdb_columns() WHERE table_name = 'hidden'",
    "least and greatest hidden values": "SELECT stats FROM pragma_storage_info('hidden')",
    "summary": "SUMMARIZE hidden",
    "plan with figures": "EXPLAIN ANALYZE SELECT count(*) FROM hidden",
    "settings": "SELECT value FROM duckdb_settings()",
    "files": "PRAGMA database_list",
    "statement in a text": "SELECT * FROM query('SELECT word FROM hidden')",
    "table in a text": "SELECT * FROM query_table('hidden')",
    "base table": "SELECT word FROM hidden",
}


@pytest.mark.parametrize("what", sorted(DOORS_LEFT_OPEN))
def test_a_locked_database_still_tells_what_is_in_it(locked: duckdb.DuckDBPyConnection, what: str) -> None:
    """So raw SQL may only ever run where nothing is in the database that its caller may not see."""
    with locked.cursor() as cursor:
        assert cursor.execute(DOORS_LEFT_OPEN[what]).fetchall()


def test_the_engine_s_list_of_tables_misses_one() -> None:
    """So it is no ground for authorization."""
    with duckdb.connect() as con:
        con.execute("CREATE TABLE hidden AS SELECT 42 AS a")
        con.execute("CREATE TABLE allowed AS SELECT 1 AS a")
        sql = "SELECT * REPLACE ((SELECT max(a) FROM hidden) AS a) FROM allowed"
        assert con.get_table_names(sql) == {"allowed"}
        assert con.execute(sql).fetchall() == [(42,)]


def test_a_plan_is_no_list_of_what_is_read(locked: duckdb.DuckDBPyConnection) -> None:
    """A text that is put together names its table nowhere, and what is pruned does not show."""
    with locked.cursor() as cursor:
        assembled = "SELECT * FROM query('SELECT word FROM hid' || 'den')"
        assert cursor.execute(assembled).fetchall()
        named = {table.name for table in sqlglot.parse_one(assembled, dialect="duckdb").find_all(exp.Table)}
        assert "hidden" not in named
        pruned = "SELECT id FROM shown WHERE false AND id IN (SELECT id FROM hidden)"
        ((_, plan),) = cursor.execute(f"EXPLAIN (FORMAT json) {pruned}").fetchall()
        assert "hidden" not in plan


@pytest.mark.parametrize("sql", ["SHOW TABLES", "CALL pragma_version()", "PREPARE p AS SELECT 1", "EXECUTE p(1)"])
def test_the_parser_does_not_look_into_every_statement(sql: str) -> None:
    """Whatever is no selection is refused, because the parser may have found nothing in it."""
    parsed = sqlglot.parse_one(sql, dialect="duckdb")
    assert not isinstance(parsed, exp.Query)
    assert not list(parsed.find_all(exp.Table))


POLICIES = {
    "by column": "SELECT id, NULL::VARCHAR AS word FROM {base}",
    "by row": "SELECT id, word FROM {base} WHERE mine",
    "by value": "SELECT id, word FROM {base} WHERE id > 1",
    "by list": "SELECT id, word FROM {base} WHERE id IN (0, 3, 6)",
    "by mask": "SELECT id, left(word, 1) || '*' AS word FROM {base}",
    "by mask and row": "SELECT id, left(word, 1) || '*' AS word FROM {base} WHERE mine",
    "by case": "SELECT id, CASE WHEN mine THEN word ELSE '*' END AS word FROM {base}",
    "by join": "SELECT h.id, h.word FROM {base} h JOIN (VALUES (0), (3)) v(id) USING (id)",
    "by absence": "SELECT id, word FROM {base} WHERE NOT EXISTS (FROM range(9) r(i) WHERE i = id AND i % 3 > 0)",
    "by union": "SELECT id, word FROM {base} WHERE id = 0 UNION ALL SELECT id, word FROM {base} WHERE id = 3",
    "by distinct": "SELECT DISTINCT id, word FROM {base} WHERE mine",
    "by limit": "SELECT id, word FROM {base} WHERE mine ORDER BY id LIMIT 2",
    "by window": "SELECT id, word FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM {base} WHERE mine)",
}
PROBES = {
    "cast": "SELECT id FROM {policy} WHERE CASE WHEN id = 1 THEN word::INTEGER END > 0",
    "filter": "SELECT id FROM {policy} WHERE id = 1 AND word::DATE IS NULL",
    "error": "SELECT id FROM {policy} WHERE CASE WHEN word = '{secret}1' THEN error(word) ELSE true END",
    "order": "SELECT id FROM {policy} ORDER BY CASE WHEN word = '{secret}1' THEN error(word) ELSE word END",
    "group": "SELECT CASE WHEN word = '{secret}1' THEN error(word) END FROM {policy} GROUP BY ALL",
    "join": "SELECT 1 FROM {policy} p JOIN range(9) r(i) ON CASE WHEN p.word = '{secret}1' THEN error(p.word) END = i",
    "window": "SELECT max(CASE WHEN word = '{secret}1' THEN error(word) END) OVER (ORDER BY id) FROM {policy}",
}
WRAPPERS = ("{policy}", "(SELECT * FROM {policy})", "(WITH w AS (SELECT * FROM {policy}) SELECT * FROM w)")


def told_by(con: duckdb.DuckDBPyConnection, base: str, policy: str, query: str) -> str:
    """What the query over the policy's view answers, or how it fails."""
    con.execute(f"CREATE OR REPLACE TEMP VIEW policy AS {policy.format(base=base)}")
    try:
        return repr(con.execute(query).fetchall())
    except duckdb.Error as error:
        return str(error).replace(query, "").split("LINE 1", maxsplit=1)[0]


def test_no_probe_gets_through_a_policy(tmp_path: Path) -> None:
    """No failure and no answer of a query over what is shown tells of the row with id 1, which no policy shows."""
    with duckdb.connect() as con:
        con.execute(
            f"CREATE TABLE hidden AS SELECT i AS id, i % 3 = 0 AS mine, '{SECRET}' || i AS word FROM range(9) r(i)"
        )
        con.execute(f"COPY hidden TO '{tmp_path}/hidden.parquet' (FORMAT parquet)")
        for base, (probe, query), wrapper in itertools.product(
            ("hidden", f"'{tmp_path}/hidden.parquet'"), PROBES.items(), WRAPPERS
        ):
            asked = query.format(policy=wrapper.format(policy="policy"), secret=SECRET)
            bare = told_by(con, base, "SELECT id, word FROM {base}", asked)
            assert f"{SECRET}1" in bare, f"the probe {probe} finds nothing even where nothing is hidden"
            for shape, policy in POLICIES.items():
                assert f"{SECRET}1" not in told_by(con, base, policy, asked), (base, shape, probe, wrapper)
