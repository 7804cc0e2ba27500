"""What may be asked in SQL: the lists are held by two parsers, and everything beside them is refused."""

from __future__ import annotations

import duckdb
import pytest

from gateway.problems import BadSql, Problem, SqlNotOffered
from gateway.sandbox.offered import offered
from gateway.sandbox.parse import parse_sql, sql_of
from gateway.sandbox.second import require_same

OFFERED = [
    "SELECT * FROM t",
    "FROM t SELECT a",
    "SELECT t.*, u.b AS x FROM t JOIN u USING (k) WHERE a IN (1, 2) AND b NOT LIKE 'x%' OR c ILIKE 'Y_' ESCAPE '!'",
    "SELECT * EXCLUDE (a) FROM t LEFT JOIN u ON t.k = u.k FULL JOIN v ON v.k = t.k CROSS JOIN w",
    "SELECT * FROM t SEMI JOIN u USING (k) WHERE EXISTS (SELECT 1 FROM v WHERE v.k = t.k)",
    "WITH x(a) AS MATERIALIZED (SELECT a FROM t), y AS (SELECT * FROM x) SELECT * FROM y",
    "SELECT a, count(*), count(DISTINCT b) FILTER (WHERE c > 1.50) FROM t GROUP BY ALL HAVING sum(d) > 3 ORDER BY ALL",
    "SELECT a, b FROM t GROUP BY GROUPING SETS ((a), (b), ()), CUBE (c), ROLLUP (d)",
    "SELECT DISTINCT ON (a) a, b FROM t ORDER BY a DESC NULLS LAST, b NULLS FIRST LIMIT 5 OFFSET 2",
    "SELECT sum(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING) FROM t",
    "SELECT sum(a) OVER w, rank() OVER w FROM t WINDOW w AS (ORDER BY c) QUALIFY row_number() OVER (ORDER BY a) = 1",
    "SELECT a FROM t UNION ALL SELECT b FROM u EXCEPT SELECT c FROM v INTERSECT SELECT d FROM w ORDER BY 1",
    "SELECT CASE WHEN a IS NOT NULL THEN 1 ELSE 2 END, CASE b WHEN 1 THEN TRUE END, NULLIF(a, b), COALESCE(a) FROM t",
    "SELECT a::DECIMAL(10, 2), TRY_CAST(b AS DATE), CAST(c AS VARCHAR), DATE '2026-01-31', d + INTERVAL 3 DAY FROM t",
    "SELECT EXTRACT(year FROM d), date_trunc('month', d), strftime(d, '%Y'), date_diff('day', d, e) FROM t",
    "SELECT a + 1 - 2 * 3 / 4 // 5 % 6, -a, a || 'x', a <> b, a IS DISTINCT FROM b, a BETWEEN 1 AND 2, NOT a FROM t",
    "SELECT (SELECT max(a) FROM u), a = ANY (SELECT b FROM u), (a, b) IN (SELECT a, b FROM u) FROM t",
    "SELECT string_agg(a, ',' ORDER BY b DESC), arg_max(a, b), quantile_cont(a, 0.5), bool_and(c) FROM t",
    'SELECT 路灯, "odd ""name" FROM "表" AS x(路灯, "odd ""name") -- and a comment',
    "SELECT mode(a) FROM t JOIN mode ON mode.a = t.a",
]
NOT_OFFERED = {
    "files": "SELECT * FROM read_text('/etc/passwd')",
    "files by a quoted name": "SELECT * FROM \"read_text\"('/etc/passwd')",
    "files in another case": "SELECT * FROM Parquet_Scan('x')",
    "a file as a table": "SELECT * FROM glob('*')",
    "another database": "SELECT * FROM other.main.t",
    "a schema": "SELECT * FROM main.t",
    "the schema of names": "SELECT * FROM information_schema.tables",
    "views": "SELECT sql FROM duckdb_views()",
    "settings": "SELECT current_setting('memory_limit')",
    "statistics": "SELECT * FROM pragma_storage_info('t')",
    "a pragma": "PRAGMA database_list",
    "a summary": "SUMMARIZE t",
    "a description": "DESCRIBE t",
    "names": "SHOW TABLES",
    "a plan": "EXPLAIN ANALYZE SELECT * FROM t",
    "a call": "CALL pragma_version()",
    "a prepared statement": "PREPARE p AS SELECT 1",
    "an execution": "EXECUTE p(1)",
    "SQL in a text": "SELECT * FROM query('SELECT 1')",
    "a table in a text": "SELECT * FROM query_table('hid' || 'den')",
    "attaching": "ATTACH 'x' AS y",
    "copying": "COPY t TO 'x'",
    "setting": "SET memory_limit = '1TB'",
    "loading": "LOAD httpfs",
    "writing": "INSERT INTO t SELECT 1",
    "making": "CREATE TABLE x AS SELECT 1",
    "into": "SELECT 1 INTO x",
    "two statements": "SELECT 1; SELECT 2",
    "a parameter": "SELECT ?",
    "a named parameter": "SELECT $a",
    "a variable": "SELECT getvariable('x')",
    "a sample": "SELECT * FROM t TABLESAMPLE 10%",
    "a sample at the end": "SELECT * FROM t USING SAMPLE 10 ROWS",
    "columns by place": "SELECT #1 FROM t",
    "columns by pattern": "SELECT COLUMNS('.*') FROM t",
    "a lambda": "SELECT list_transform([1], x -> x + 1)",
    "a comprehension": "SELECT [x FOR x IN [1]]",
    "a list": "SELECT [1, 2]",
    "a range": "SELECT * FROM range(10)",
    "a series": "SELECT * FROM generate_series(1, 10)",
    "unnesting": "SELECT unnest(a) FROM t",
    "values": "SELECT * FROM (VALUES (1)) v(a)",
    "pivoting": "PIVOT t ON a USING sum(b)",
    "recursion": "WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM r) SELECT * FROM r",
    "a lateral join": "SELECT * FROM t, LATERAL (SELECT t.a) u",
    "a join as of": "SELECT * FROM t ASOF JOIN u ON t.a >= u.a",
    "a join by place": "SELECT * FROM t POSITIONAL JOIN u",
    "a natural join": "SELECT * FROM t NATURAL JOIN u",
    "another time": "SELECT * FROM t AT (VERSION => 1)",
    "locking": "SELECT * FROM t FOR UPDATE",
    "a share of rows": "SELECT * FROM t LIMIT 10%",
    "a reckoned limit": "SELECT * FROM t LIMIT (SELECT 1)",
    "chance": "SELECT random()",
    "the clock": "SELECT now()",
    "the day": "SELECT current_date",
    "the environment": "SELECT getenv('HOME')",
    "an error with a value": "SELECT error(a) FROM t",
    "repeating": "SELECT repeat('x', 1000000000)",
    "an unknown function": "SELECT nosuch(a) FROM t",
    "an unlisted type": "SELECT a::BLOB FROM t",
    "a structure": "SELECT {'a': 1}",
    "a part of a list": "SELECT a[1] FROM t",
    "a zone": "SELECT a AT TIME ZONE 'UTC' FROM t",
    "a regular expression as an operator": "SELECT a ~ 'x' FROM t",
    "a column with another schema": "SELECT main.t.a FROM t",
    "replaced columns": "SELECT * REPLACE ((SELECT max(a) FROM hidden) AS a) FROM allowed",
    "union by name": "SELECT a FROM t UNION BY NAME SELECT b FROM t",
    "a text with escapes": r"SELECT e'\''",
    "a text in dollars": "SELECT $$a$$",
    "an open text": r"SELECT 'it\'s'",
    "an open comment": "SELECT 1 /* x",
    "a text that ends for one": "SELECT 'a\x00b'",
    "half a character": "SELECT '\ud800'",
    "the mark of calls": "SELECT \u2060read_text('x')",
    "arrows": "-> -> ->",
    "the same word again and again": "FROM " * 900 + "t",
    "nothing": " ",
    "brackets": "SELECT " + "(" * 60 + "1" + ")" * 60,
    "many brackets": "SELECT " + "(" * 5000,
    "many signs before": "SELECT " + "NOT " * 900 + "a",
    "too much": "SELECT '" + "x" * 30_000 + "'",
}

HARMLESS = {
    "a text that ends for one",
    "half a character",
    "a lateral join",
    "a reckoned limit",
    "the day",
    "a text with escapes",
    "a text in dollars",
    "brackets",
}


@pytest.fixture(scope="module")
def engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def opinion(engine: duckdb.DuckDBPyConnection, asked: str, written: str) -> None:
    """What the engine's own parser says of a question and of what would run."""
    told = [engine.execute("SELECT json_serialize_sql(?)", [text]).fetchall()[0][0] for text in (asked, written)]
    require_same(told[0], told[1], asked)


@pytest.mark.parametrize("text", OFFERED)
def test_what_is_offered_means_the_same_to_both_parsers(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    opinion(engine, text, sql_of(parse_sql(text)))


@pytest.mark.parametrize("what", NOT_OFFERED)
def test_what_is_not_offered_is_refused_before_anything_runs(what: str) -> None:
    with pytest.raises((BadSql, SqlNotOffered)):
        parse_sql(NOT_OFFERED[what])


@pytest.mark.parametrize("what", sorted({name for name, text in NOT_OFFERED.items() if len(text) < 200} - HARMLESS))
def test_the_engine_s_own_tree_is_no_way_around(engine: duckdb.DuckDBPyConnection, what: str) -> None:
    """The second opinion refuses by itself: it does not lean on the first."""
    with pytest.raises((BadSql, SqlNotOffered)):
        opinion(engine, NOT_OFFERED[what], NOT_OFFERED[what])


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("SELECT a FROM t", "SELECT b FROM t"),
        ("SELECT a FROM t WHERE a = 1", "SELECT a FROM t"),
        ("SELECT a FROM t WHERE a = 1", "SELECT a FROM t WHERE a = 2"),
        ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a DESC"),
        ("SELECT 1.50", "SELECT 1.5"),
        ("SELECT a FROM t UNION SELECT b FROM t", "SELECT a FROM t UNION ALL SELECT b FROM t"),
        ("SELECT +a FROM t", "SELECT a FROM t"),
    ],
)
def test_a_difference_between_the_parsers_is_a_refusal(
    engine: duckdb.DuckDBPyConnection, asked: str, written: str
) -> None:
    with pytest.raises(BadSql):
        opinion(engine, asked, written)


def test_every_listed_function_is_one_of_the_engine_s(engine: duckdb.DuckDBPyConnection) -> None:
    found = engine.execute("SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type <> 'table'")
    syntax = {"coalesce", "grouping", "ifnull"}
    assert offered().names - syntax <= {name for (name,) in found.fetchall()}


def test_a_refusal_tells_its_place(engine: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(SqlNotOffered) as refused:
        parse_sql("SELECT a,\n  nosuch(b)\nFROM t")
    assert refused.value.members["position"] == {"line": 2, "column": 3}
    with pytest.raises(Problem) as unread:
        opinion(engine, "SELECT sum(a, ) FROM t", "SELECT 1")
    assert unread.value.members["position"] == {"line": 1, "column": 15}
