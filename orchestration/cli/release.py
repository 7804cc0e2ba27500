"""`civiclake release`: list, show, compare, roll back and verify the releases of a city."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.exits import ExitCode, ReportingGroup
from orchestration.cli.options import DEFAULT_CITY, CityOption, HomeOption, open_city

if TYPE_CHECKING:
    from orchestration.release.store import ReleaseStore

app = typer.Typer(cls=ReportingGroup, no_args_is_help=True, help="The numbered, immutable releases of a city.")

Number = Annotated[int | None, typer.Argument(help="Release number; the current one when left out.")]


@app.command("list")
def list_(city: CityOption = DEFAULT_CITY, home: HomeOption = None) -> None:
    """List all releases; the served one is marked with *. Exits with 3 when CURRENT leads to none."""
    from orchestration.cli.console import out, print_table
    from orchestration.release.store import ReleaseStore

    store = ReleaseStore(open_city(city, home)[1])
    dangling = store.dangling()
    current = None if dangling else store.current()
    manifests = [store.manifest(number) for number in store.numbers()]
    if not manifests and not dangling:
        out.print("No release yet. Make one with `civiclake run`.")
        return
    rows = [
        (
            f"{m.number:04d}{'*' if m.number == current else ''}",
            m.published_at.isoformat(sep=" ", timespec="seconds"),
            m.content_hash[:12],
            len(m.datasets),
            sum(d.row_count for d in m.datasets),
            f"{m.quality.score:.4f}",
        )
        for m in manifests
    ]
    print_table("Releases", ("number", "published", "content", "datasets", "rows", "quality"), rows, numbers=3)
    if dangling:
        raise dangling


@app.command()
def show(number: Number = None, city: CityOption = DEFAULT_CITY, home: HomeOption = None) -> None:
    """Show one release: datasets, rows, files with size and the beginning of their sha256."""
    from orchestration.cli.console import out, print_table

    store, found = _store(city, home, number)
    m = store.manifest(found)
    state = "served now" if found == store.current() else "not served"
    out.print(f"Release {m.number:04d} of {m.title.en} ({state}), published {m.published_at:%Y-%m-%d %H:%M:%S}")
    out.print(f"content {m.content_hash}  lake snapshot {m.lake_snapshot}  in {store.path(found)}")
    print_table(
        "Datasets",
        ("dataset", "rows", "columns"),
        [(d.id, d.row_count, len(d.schema_)) for d in m.datasets],
        numbers=2,
    )
    files = [(f"files/{f.name}", f.sha256[:16], f.bytes) for d in m.datasets for f in d.distributions]
    files += [(f.name, f.sha256[:16], f.bytes) for f in m.files]
    print_table("Files", ("file", "sha256", "bytes"), files, numbers=1)
    q = m.quality
    out.print(f"Checks: {q.checks_passed} passed, {q.checks_warned} warned, {q.checks_failed} failed")


@app.command()
def diff(
    old: Annotated[int, typer.Argument(help="Number of the earlier release.")],
    new: Annotated[int, typer.Argument(help="Number of the later release.")],
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Say what changed from OLD to NEW in rows (by key) and in columns."""
    from orchestration.cli.console import out, print_table
    from orchestration.release.diff import diff as compare
    from orchestration.release.store import ReleaseStore

    result = compare(ReleaseStore(open_city(city, home)[1]), old, new)
    rows = [(d.id, d.status, d.rows.added, d.rows.removed, d.rows.changed) for d in result.datasets]
    print_table(f"Release {old:04d} → {new:04d}", ("dataset", "status", "added", "removed", "changed"), rows, numbers=3)
    for dataset in result.datasets:
        for line in dataset.schema:
            out.print(f"{dataset.id}.{line}", markup=False)
        changed = ", ".join(f"{name} {count:,}" for name, count in dataset.rows.by_column.items())
        if changed:
            out.print(f"{dataset.id}: values changed: {changed}", markup=False)
        for state, keys in dataset.rows.sample.items():
            shown = "; ".join(" ".join(str(part) for part in key) for key in keys)
            out.print(f"{dataset.id}: {state}, for example {shown}", markup=False)


@app.command()
def rollback(
    number: Annotated[int | None, typer.Argument(help="Release to serve; the previous one when left out.")] = None,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Serve an earlier release again. It is verified first; nothing is deleted."""
    from orchestration.cli.console import out
    from orchestration.lake.lock import writer_lock
    from orchestration.release.errors import NoReleaseError
    from orchestration.release.rollback import rollback as switch_back
    from orchestration.release.store import ReleaseStore

    workspace = open_city(city, home)[1]
    store = ReleaseStore(workspace)
    if not store.numbers():  # the lock would make the folder of a mistyped --home
        raise NoReleaseError
    with writer_lock(workspace):
        served = switch_back(store, datetime.now().astimezone(), number)
    out.print(f"Release {served:04d} is served now.")


@app.command()
def verify(number: Number = None, city: CityOption = DEFAULT_CITY, home: HomeOption = None) -> None:
    """Re-check a release: its manifest as it was sealed, and every byte and row count against the manifest."""
    from orchestration.cli.console import out, print_error
    from orchestration.release.verify import verify as check

    store, found = _store(city, home, number)
    findings = check(store, found)
    for finding in findings:
        print_error(finding)
    if findings:
        raise typer.Exit(ExitCode.DATA)
    manifest = store.manifest(found)
    files = len(manifest.files) + sum(len(d.distributions) for d in manifest.datasets)
    out.print(
        f"Release {found:04d} is sound: {files} files and {len(manifest.datasets)} datasets as the manifest says."
    )


def _store(city: CityOption, home: HomeOption, number: int | None) -> tuple[ReleaseStore, int]:
    from orchestration.release.store import ReleaseStore

    store = ReleaseStore(open_city(city, home)[1])
    return store, store.served() if number is None else number
