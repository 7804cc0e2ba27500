"""`civiclake draw`: the double-random draw of inspections; the digest of a pool first, the draw from its seed after."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from orchestration.cli.exits import CommandError, ExitCode, ReportingGroup
from orchestration.cli.options import DEFAULT_CITY, CityOption, city_folder

if TYPE_CHECKING:
    from catalog.draw import Member

app = typer.Typer(cls=ReportingGroup, no_args_is_help=True, help="Random inspections: announce a pool, draw from it.")
PoolArgument = Annotated[
    Path, typer.Argument(help="CSV file with the columns kind, code and grade.", exists=True, dir_okay=False)
]


@app.command()
def pool(file: PoolArgument) -> None:
    """Print the digest of a pool, to be announced before the draw, and its size by grade."""
    from catalog.draw import INSPECTOR, pool_digest
    from orchestration.cli.console import out

    members = _members(file)
    grades = sorted({member.grade for member in members if member.kind != INSPECTOR})
    parts = [f"{sum(m.grade == grade and m.kind != INSPECTOR for m in members)} of grade {grade}" for grade in grades]
    parts.append(f"{sum(m.kind == INSPECTOR for m in members)} inspectors")
    out.print(pool_digest(members), soft_wrap=True)
    out.print(f"{len(members)} members: {', '.join(parts)}.", soft_wrap=True)


@app.command()
def objects(
    file: PoolArgument,
    seed: Annotated[str, typer.Option("--seed", help="Text the draw is made from; publish it after the draw.")],
    digest: Annotated[
        str | None, typer.Option("--digest", help="Digest that was announced; another pool is refused.")
    ] = None,
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Day of the draw; by default today.")
    ] = None,
    city: CityOption = DEFAULT_CITY,
) -> None:
    """Print the objects drawn with their inspectors, as CSV; the rates are those of the city's parameters."""
    from catalog.city import load_city
    from catalog.draw import draw_parameters, drawn_inspectors, drawn_objects, pool_digest

    members = _members(file)
    if digest is not None and pool_digest(members) != digest:
        text = f"{file}: the pool is not the one that was announced; its digest is {pool_digest(members)}"
        raise CommandError(ExitCode.DATA, text)
    loaded = load_city(city_folder(city))
    day = on.date() if on else datetime.now(ZoneInfo(loaded.timezone)).date()
    rates, number = draw_parameters(loaded.vocabulary_dir, day)
    typer.echo("grade,code,inspectors")
    for member in drawn_objects(members, seed, rates):
        typer.echo(f"{member.grade},{member.code},{';'.join(drawn_inspectors(members, seed, member.code, number))}")


def _members(file: Path) -> list[Member]:
    from catalog.draw import read_pool

    try:
        return read_pool(file)
    except ValueError as error:
        raise CommandError(ExitCode.DATA, str(error)) from error
