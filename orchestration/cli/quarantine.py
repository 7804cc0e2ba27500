"""`civiclake quarantine`: what was kept out, why, and bringing it in after a mend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration.cli.exits import CommandError, ExitCode, ReportingGroup
from orchestration.cli.options import DEFAULT_CITY, CityOption, HomeOption, open_city

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from catalog.workspace import Workspace

app = typer.Typer(cls=ReportingGroup, no_args_is_help=True, help="Rows that were kept out, and why.")

FeedOption = Annotated[str | None, typer.Option("--feed", help="Only this feed.")]
RuleOption = Annotated[str | None, typer.Option("--rule", help="Only rows that broke this rule.")]
AllOption = Annotated[bool, typer.Option("--all", help="Also rows that a retry has let in since.")]
_FORMATS = {".csv": "FORMAT csv, HEADER", ".parquet": "FORMAT parquet", ".json": "FORMAT json"}


@app.command("list")
def list_(
    feed: FeedOption = None,
    rule: RuleOption = None,
    released: AllOption = False,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Count quarantined rows by feed, table and rule; list held batches."""
    from orchestration.cli.console import out, print_table

    with _lake(open_city(city, home)[1]) as con:
        where, values = _where(feed, rule, released=released)
        rows = con.execute(
            "SELECT feed, table_name, rule, min(business_date), max(business_date), count(*) FROM"
            " (SELECT feed, table_name, unnest(rule_ids) AS rule, business_date FROM lake.ops.quarantine"
            f" WHERE {where}) GROUP BY ALL ORDER BY feed, table_name, rule",
            values,
        ).fetchall()
        held = con.execute(
            "SELECT batch_id, table_name, array_to_string(reasons, '; '), rows_in FROM lake.ops.batch"
            " WHERE status = 'held' AND (? IS NULL OR feed = ?) ORDER BY ALL",
            [feed, feed],
        ).fetchall()
    if rows:
        print_table("Quarantined rows", ("feed", "table", "rule", "first day", "last day", "rows"), rows, numbers=1)
    else:
        out.print("No row is in quarantine.")
    if held:
        print_table("Held batches", ("batch", "table", "reasons", "rows"), held, numbers=1)


@app.command()
def show(
    feed: FeedOption = None,
    rule: RuleOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many rows.")] = 10,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Show quarantined rows: file and line, what is wrong, and the row as it was delivered."""
    from orchestration.cli.console import out

    with _lake(open_city(city, home)[1]) as con:
        where, values = _where(feed, rule, released=False)
        rows = con.execute(
            "SELECT feed, table_name, batch_id, file_name, line, violations, raw FROM lake.ops.quarantine"
            f" WHERE {where} ORDER BY business_date DESC, batch_id, file_name, line LIMIT ?",
            [*values, limit],
        ).fetchall()
    for name, table, batch, file, line, violations, raw in rows:
        out.print(f"{name}.{table}  {file}:{line}  (batch {batch})", style="bold", markup=False)
        for found in violations:
            out.print(
                f"  {found['rule']} ({found['severity']}) {found['column'] or ''}: {found['value']}",
                markup=False,
                soft_wrap=True,
            )
        out.print(f"  {raw}", markup=False, soft_wrap=True)


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="File to write: .csv, .json or .parquet.", dir_okay=False)],
    feed: FeedOption = None,
    rule: RuleOption = None,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Write quarantined rows to a file for the department: one line per row and broken rule.

    The rows are as delivered and may hold personal data.
    """
    from orchestration.cli.console import out

    options = _FORMATS.get(path.suffix.lower())
    if options is None:
        raise CommandError(ExitCode.USAGE, f"{path}: name a file that ends in {', '.join(_FORMATS)}")
    with _lake(open_city(city, home)[1]) as con:
        where, values = _where(feed, rule, released=False)
        target = str(path.absolute()).replace("'", "''")
        done = con.execute(
            "COPY (SELECT q.feed, q.table_name, q.batch_id, q.business_date, q.file_name, q.line,"
            " v.unnest.rule AS rule,"
            ' v.unnest.severity AS severity, v.unnest."column" AS "column", v.unnest."value" AS "value", q.raw'
            f" FROM lake.ops.quarantine q, unnest(q.violations) AS v WHERE {where}"
            f" ORDER BY ALL) TO '{target}' ({options})",
            values,
        ).fetchone()
    out.print(f"{done[0] if done else 0:,} findings written to {path}.", markup=False)


@app.command()
def retry(
    feed: FeedOption = None,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Read quarantined rows again, after a contract, vocabulary or mapping was mended.

    Rows that pass now are accepted; `civiclake run` then brings them into a release.
    """
    from orchestration.cli.console import out
    from orchestration.lake.connect import open_lake
    from orchestration.lake.lock import writer_lock
    from orchestration.lake.schema import ensure_ops
    from orchestration.lake.vocabulary import load_vocabulary
    from orchestration.reading.retry import retry_quarantine

    loaded, workspace = open_city(city, home)
    if feed is not None and feed not in loaded.feeds:
        raise CommandError(ExitCode.USAGE, f"{loaded.root}: no feed `{feed}`; feeds are {', '.join(loaded.feeds)}")
    with writer_lock(workspace), open_lake(workspace) as con:
        ensure_ops(con)
        load_vocabulary(con, loaded.vocabulary_dir)
        for name in [feed] if feed else loaded.feeds:
            report = retry_quarantine(con, loaded, name, workspace)
            out.print(f"{name}: {report.released:,} rows are let in.", markup=False)
    out.print("`civiclake run` brings them into a release.")


def _where(feed: str | None, rule: str | None, *, released: bool) -> tuple[str, Sequence[Any]]:
    state = "true" if released else "status = 'open'"
    return (
        f"{state} AND (? IS NULL OR feed = ?) AND (? IS NULL OR list_contains(rule_ids, ?))",
        [feed, feed, rule, rule],
    )


@contextmanager
def _lake(workspace: Workspace) -> Iterator[DuckDBPyConnection]:
    from orchestration.lake.connect import open_lake

    try:
        con = open_lake(workspace, read_only=True)
    except FileNotFoundError as error:
        raise CommandError(ExitCode.DATA, str(error)) from None
    with con:
        yield con
