"""`civiclake contract`: check a city's contracts, compare two versions of one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.exits import ExitCode, ReportingGroup
from orchestration.cli.options import DEFAULT_CITY, CityOption, city_folder

app = typer.Typer(cls=ReportingGroup, no_args_is_help=True, help="Feed contracts: what each department delivers.")


@app.command()
def check(city: CityOption = DEFAULT_CITY) -> None:
    """Check city.yml, every feed contract and the vocabularies; name file, line, key and mend of each fault."""
    from catalog.city import check_city, load_city
    from orchestration.cli.console import out, print_error

    loaded = load_city(city_folder(city))
    problems = check_city(loaded)
    for problem in problems:
        print_error(str(problem))
    if problems:
        raise typer.Exit(ExitCode.DATA)
    tables = sum(len(feed.tables) for feed in loaded.feeds.values())
    out.print(f"{loaded.title.en}: {len(loaded.feeds)} feed contracts with {tables} tables are sound.")


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="The contract as it was.", exists=True, dir_okay=False)],
    new: Annotated[Path, typer.Argument(help="The contract as it is to be.", exists=True, dir_okay=False)],
) -> None:
    """Tell breaking from compatible changes, and whether `version` was raised. Exits with 3 on a breaking change."""
    from catalog.contract.diff import diff_contracts, version_remark
    from catalog.contract.load import load_contract
    from orchestration.cli.console import out

    before, after = load_contract(old), load_contract(new)
    changes = diff_contracts(before, after)
    for change in sorted(changes, key=lambda c: (c.kind, c.path)):
        out.print(f"{change.kind:<11} {change.path}: {change.text}", markup=False, soft_wrap=True)
    breaking = sum(change.kind == "breaking" for change in changes)
    out.print(
        f"{before.id} {before.version} → {after.version}: {breaking} breaking, {len(changes) - breaking} compatible."
    )
    remark = version_remark(before, after, changes)
    if remark:
        out.print(remark, markup=False, soft_wrap=True)
    if breaking:
        raise typer.Exit(ExitCode.DATA)
