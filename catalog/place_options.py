"""The two options by which every command is told the city, and where its state lives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CityOption = Annotated[
    Path, typer.Option("--city", envvar="CIVICLAKE_CITY", help="Folder of the city (holds city.yml).", metavar="DIR")
]
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="CIVICLAKE_HOME",
        help="Where the state of the city lives; by default ./.civiclake/<city id>.",
        metavar="DIR",
    ),
]
