"""`civiclake quarantine`: what was kept out, why, and bringing it in after a mend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.login import login_name
from orchestration.cli.exits import CommandError, ExitCode, ReportingGroup
from orchestration.cli.options import DEFAULT_CITY, CityOption, HomeOption, open_city

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from catalog.city import City
    from catalog.workspace import Workspace


app = typer.Typer(cls=ReportingGroup, no_args_is_help=True, help="Rows that were kept out, and why.")

FeedOption = Annotated[str | None, typer.Option("--feed", help="Only this feed.")]
RuleOption = Annotated[str | None, typer.Option("--rule", help="Only rows that broke this rule.")]
AllOption = Annotated[bool, typer.Option("--all", help="Also rows let in since, and dismissed batches.")]
BatchArgument = Annotated[str, typer.Argument(metavar="BATCH", help="Id of the batch, as `quarantine list` shows it.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
ByOption = Annotated[
    str, typer.Option("--by", help="Who decides.", default_factory=login_name, show_default="this user")
]
_NONE = "No row is in quarantine."
_FORMATS = {".csv": "FORMAT csv, HEADER", ".parquet": "FORMAT parquet", ".json": "FORMAT json"}


@app.command("list")
def list_(
    feed: FeedOption = None,
    rule: RuleOption = None,
    released: AllOption = False,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Count quarantined rows by feed, table and rule; list held batches, and which of them came again since."""
    from orchestration.cli.console import out, print_table
    from orchestration.reading.superseded import superseded

    loaded, workspace = open_city(city, home)
    with _lake(workspace) as con:
        _require_known(con, loaded, feed, rule)
        where, values = _where(feed, rule, released=released)
        rows = con.execute(
            "SELECT feed, table_name, rule, min(business_date), max(business_date), count(*) FROM"
            " (SELECT feed, table_name, unnest(rule_ids) AS rule, business_date FROM lake.ops.quarantine"
            f" WHERE {where}) GROUP BY ALL ORDER BY feed, table_name, rule",
            values,
        ).fetchall()
        batches = {status: _batches(con, feed, status) for status in (("held", "dismissed") if released else ("held",))}
        later = superseded(con, loaded, workspace) if batches["held"] else {}
    if rows:
        print_table("Quarantined rows", ("feed", "table", "rule", "first day", "last day", "rows"), rows, numbers=1)
    else:
        out.print(_NONE)
    for status, found in batches.items():
        shown = [
            (batch, table, reasons, f"superseded by {by}" if (by := later.get((batch, table))) else None, count)
            for batch, table, reasons, count in found
        ]
        if shown:
            columns = ("batch", "table", "reasons", "since", "rows")
            print_table(f"{status.capitalize()} batches", columns, shown, numbers=1)


def _batches(con: DuckDBPyConnection, feed: str | None, status: str) -> list[tuple[str, str, str, int]]:
    """(batch, table, reasons, rows) of the batches in a state."""
    return con.execute(
        "SELECT batch_id, table_name, array_to_string(reasons, '; '), rows_in FROM lake.ops.batch"
        " WHERE status = $status AND ($feed IS NULL OR feed = $feed) ORDER BY ALL",
        {"status": status, "feed": feed},
    ).fetchall()


@app.command()
def show(
    feed: FeedOption = None,
    rule: RuleOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many rows.")] = 10,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Show quarantined rows: file and line, what is wrong, the row as delivered; and decisions on held batches.

    Values of level L4 are not shown.
    """
    from orchestration.cli.console import out
    from orchestration.reading.decisions import decisions
    from orchestration.reading.shown import shown

    loaded, workspace = open_city(city, home)
    with _lake(workspace) as con:
        _require_known(con, loaded, feed, rule)
        where, values = _where(feed, rule, released=False)
        rows = con.execute(
            f"SELECT feed, table_name, batch_id, file_name, line, violations, raw FROM {shown(loaded)}"
            f" WHERE {where} ORDER BY business_date DESC, batch_id, file_name, line LIMIT ?",
            [*values, limit],
        ).fetchall()
        decided = decisions(con, feed)
    if not rows:
        out.print(_NONE)
    for name, table, batch, file, line, violations, raw in rows:
        out.print(f"{name}.{table}  {file}:{line}  (batch {batch})", style="bold", markup=False)
        for found in violations:
            out.print(
                f"  {found['rule']} ({found['severity']}) {found['column'] or ''}: {found['value']}",
                markup=False,
                soft_wrap=True,
            )
        out.print(f"  {raw}", markup=False, soft_wrap=True)
    for made in decided:
        when = f"{made.decided_at:%Y-%m-%d %H:%M} UTC"
        text = f"batch {made.batch_id}  {made.verdict} by {made.decided_by}, {when}: {made.reason}"
        out.print(text, style="bold", markup=False, soft_wrap=True)


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="File to write: .csv, .json or .parquet.", dir_okay=False)],
    feed: FeedOption = None,
    rule: RuleOption = None,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Write quarantined rows to a file for the department: one line per row and broken rule.

    The rows are as delivered, without values of level L4; they may hold other personal data. File and line lead the
    department to the rest.
    """
    from orchestration.cli.console import out
    from orchestration.reading.shown import shown

    options = _FORMATS.get(path.suffix.lower())
    if options is None:
        raise CommandError(ExitCode.USAGE, f"{path}: name a file that ends in {', '.join(_FORMATS)}")
    if not path.parent.is_dir():
        raise CommandError(ExitCode.USAGE, f"{path.parent}: there is no such folder. Make it, or name another")
    loaded, workspace = open_city(city, home)
    with _lake(workspace) as con:
        _require_known(con, loaded, feed, rule)
        where, values = _where(feed, rule, released=False)
        target = str(path.absolute()).replace("'", "''")
        done = con.execute(
            "COPY (SELECT q.feed, q.table_name, q.batch_id, q.business_date, q.file_name, q.line,"
            " v.unnest.rule AS rule,"
            ' v.unnest.severity AS severity, v.unnest."column" AS "column", v.unnest."value" AS "value", q.raw'
            f" FROM {shown(loaded)} q, unnest(q.violations) AS v WHERE {where}"
            f" ORDER BY ALL) TO '{target}' ({options})",
            values,
        ).fetchone()
    out.print(f"{done[0] if done else 0:,} findings written to {path}.", markup=False)


@app.command()
def retry(
    *,
    feed: FeedOption = None,
    approve: Annotated[
        list[str] | None,
        typer.Option("--approve", metavar="BATCH", help="Let in a batch held for its row count or share of bad rows."),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why the batch is approved; it is kept.")] = None,
    by: ByOption,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Read quarantined rows and held batches again, after a contract, vocabulary or mapping was mended.

    Rows that pass now are accepted; `civiclake run` then brings them into a release. A batch held by B5 (unusual
    row count) or B7 (too many bad rows) whose content is right needs --approve and --reason; its bad rows stay in
    quarantine.
    """
    from orchestration.cli.console import err, out
    from orchestration.lake.vocabulary import load_vocabulary
    from orchestration.reading import decisions
    from orchestration.reading.retry import retry_quarantine

    loaded, workspace = open_city(city, home)
    _require_feed(loaded, feed)
    if approve and not reason:
        raise CommandError(ExitCode.USAGE, "--approve needs --reason: say why the batch is right as it is")
    let_in = 0
    with _writing(workspace) as con:
        load_vocabulary(con, loaded.vocabulary_dir)
        approved = [decisions.approve(con, batch, reason or "", by).feed for batch in approve or ()]
        for name in [feed] if feed else dict.fromkeys(approved) or loaded.feeds:
            report = retry_quarantine(con, loaded, name, workspace)
            into = report.total("rows_accepted") + report.released
            let_in += into
            out.print(f"{name}: {into:,} rows are let in.", markup=False)
            for account in report.held:
                text = f"held: {account.batch_id} {account.table_name}: {'; '.join(account.reasons)}"
                err.print(text, markup=False, soft_wrap=True)
    if let_in:
        out.print("`civiclake run` brings them into a release.")


@app.command()
def dismiss(
    batch: BatchArgument, reason: ReasonOption, by: ByOption, city: CityOption = DEFAULT_CITY, home: HomeOption = None
) -> None:
    """Wait no longer for a held batch, say because a corrected delivery came. Nothing is deleted."""
    from orchestration.cli.console import out
    from orchestration.reading import decisions

    with _writing(open_city(city, home)[1]) as con:
        decisions.dismiss(con, batch, reason, by)
    out.print(f"{batch} is dismissed; `civiclake quarantine reopen` takes that back.", markup=False)


@app.command()
def reopen(
    batch: BatchArgument, reason: ReasonOption, by: ByOption, city: CityOption = DEFAULT_CITY, home: HomeOption = None
) -> None:
    """Hold a dismissed batch again."""
    from orchestration.cli.console import out
    from orchestration.reading import decisions

    with _writing(open_city(city, home)[1]) as con:
        decisions.reopen(con, batch, reason, by)
    out.print(f"{batch} is held again.", markup=False)


@contextmanager
def _writing(workspace: Workspace) -> Iterator[DuckDBPyConnection]:
    """The lake for writing; a decision that does not fit the batch's state is reported."""
    from orchestration.lake.connect import open_lake
    from orchestration.lake.lock import writer_lock
    from orchestration.lake.schema import ensure_ops
    from orchestration.reading.decisions import NotHeldError

    with writer_lock(workspace), open_lake(workspace) as con:
        ensure_ops(con)
        try:
            yield con
        except NotHeldError as error:
            raise CommandError(ExitCode.DATA, str(error)) from None


def _require_feed(city: City, feed: str | None) -> None:
    if feed is not None and feed not in city.feeds:
        raise CommandError(ExitCode.USAGE, f"{city.root}: no feed `{feed}`; feeds are {', '.join(city.feeds)}")


def _require_known(con: DuckDBPyConnection, city: City, feed: str | None, rule: str | None) -> None:
    """Usage error for a feed the city has not, or a rule that neither its contracts nor kept rows name."""
    from catalog.validate import nearest
    from expectations.rules import CONFLICT_RULE, UNREADABLE_RULE, derive_rules

    _require_feed(city, feed)
    if rule is None:
        return
    known = {found.id for _, table in city.tables() for found in derive_rules(table)}
    kept = con.execute("SELECT DISTINCT unnest(rule_ids) FROM lake.ops.quarantine").fetchall()
    known |= {CONFLICT_RULE, UNREADABLE_RULE, *(name for (name,) in kept)}
    if rule not in known:
        raise CommandError(ExitCode.USAGE, f"{city.root}: no rule `{rule}`; {nearest(rule, known)}")


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
