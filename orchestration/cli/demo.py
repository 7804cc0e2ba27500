"""`civiclake demo`: simulate a city's departments, run its history and one more day, show and serve the result."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from orchestration.cli.exits import CommandError, ExitCode
from orchestration.cli.options import DEFAULT_CITY, CityOption, HomeOption, open_city
from orchestration.cli.processes import INTERRUPTED, STOPPED, Children, stopping
from orchestration.cli.run import exit_code, print_report, run_days
from orchestration.cli.serve import GATEWAY_PORT, STEWARD_PORT, serve_until_stopped, start_servers

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.workspace import Workspace


class Scale(StrEnum):
    """How large a simulated city is."""

    SMALL = "small"
    MEDIUM = "medium"
    CITY = "city"


def demo(
    *,
    scale: Annotated[
        Scale, typer.Option("--scale", help="About 20 thousand, 500 thousand or millions of rows.")
    ] = Scale.SMALL,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the result until Ctrl-C.")] = True,
    seed: Annotated[int, typer.Option("--seed", help="Another seed is another city of the same kind.")] = 7,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the demonstration's state and start anew.")] = False,
    port: Annotated[int, typer.Option("--port", help="Port of the gateway.")] = GATEWAY_PORT,
    steward_port: Annotated[int, typer.Option("--steward-port", help="Port of the Dagster interface.")] = STEWARD_PORT,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Simulate a city, bring its departments' feeds into a release, print what happened, and serve it.

    Runs the history up to the second last day, then one more day as an increment. A second demo finds the state
    of the first and brings only what is new.
    """
    from orchestration.landing.days import first_open_day

    loaded, workspace = open_city(city, home)
    departments = Departments(loaded, workspace)
    with Children() as children, stopping(children, code=INTERRUPTED, text=STOPPED):
        first, last = departments.generate(scale, seed, fresh=fresh, meanwhile=lambda: _get_ready(loaded, workspace))
        os.environ.update(departments.serve(children))
        worst = ExitCode.OK
        if first_open_day(loaded, workspace) < last:
            departments.advance(last - timedelta(days=1))
            worst = _run_and_print(loaded, workspace, first, last - timedelta(days=1))
            _say_when_late()
        departments.advance(last)
        worst = max(worst, _run_and_print(loaded, workspace, last, last))
        _print_release(loaded, workspace)
        if worst != ExitCode.OK:
            raise typer.Exit(worst)
        if serve:
            start_servers(children, loaded, workspace, port, steward_port)
            serve_until_stopped(children)


class Departments:
    """The simulated department systems of a city: a program of the city's own, run as a process apart."""

    def __init__(self, city: City, workspace: Workspace) -> None:
        if city.demo is None:
            raise CommandError(
                ExitCode.USAGE,
                f"{city.root / 'city.yml'}: the city has no `demo`: only a city with simulated departments has one."
                " Use `civiclake run`",
            )
        self._module = city.demo.module
        self._root = city.root
        self._workspace = workspace
        self._home = workspace.departments

    def generate(self, scale: str, seed: int, *, fresh: bool, meanwhile: Callable[[], None]) -> tuple[date, date]:
        """Simulate the city, doing `meanwhile`, unless that was done; returns its first and last business date."""
        setup = self._home / "setup.json"
        if fresh:
            self._forget()
        if not setup.exists():
            self._home.mkdir(parents=True, exist_ok=True)
            self._run("generate", "--scale", scale, "--seed", str(seed), meanwhile=meanwhile)
        made = json.loads(setup.read_text(encoding="utf-8"))
        if (made["scale"], made["seed"]) != (scale, seed):
            raise CommandError(
                ExitCode.USAGE,
                f"{self._workspace.home} holds a city of scale {made['scale']} and seed {made['seed']}."
                " Add --fresh to start anew, or --home for another place",
            )
        return date.fromisoformat(made["first"]), date.fromisoformat(made["last"])

    def advance(self, day: date) -> None:
        """Let the departments live until the end of `day`; days that have passed are not lived again."""
        self._run("advance", "--to", day.isoformat())

    def serve(self, children: Children) -> dict[str, str]:
        """Start the endpoints; returns the environment under which the contracts reach them."""
        endpoints = self._home / "endpoints.json"
        endpoints.unlink(missing_ok=True)
        log = self._workspace.home / "logs" / "departments.log"
        children.start("departments", self._command("serve"), log, cwd=self._root, env={})
        children.wait_for_file("departments", endpoints)
        return {str(name): str(value) for name, value in json.loads(endpoints.read_text(encoding="utf-8")).items()}

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", self._module, words[0], "--home", str(self._home), *words[1:]]

    def _run(self, *words: str, meanwhile: Callable[[], None] | None = None) -> None:
        from orchestration.cli.console import err

        with (
            err.status(f"departments: {words[0]}"),
            tempfile.TemporaryFile("w+") as said,
            subprocess.Popen(  # noqa: S603  -- a fixed command of our own
                self._command(*words), cwd=self._root, stdout=said, stderr=subprocess.STDOUT
            ) as running,
        ):
            if meanwhile is not None:
                meanwhile()
            code = running.wait()
            said.seek(0)
            text = said.read().strip()
        if code != 0:
            raise CommandError(ExitCode.UNEXPECTED, f"departments {words[0]} ended with {code}: {text}")

    def _forget(self) -> None:
        """Remove what a demonstration made, and only in a folder that is one."""
        home = self._workspace.home
        if home.exists() and any(home.iterdir()) and not self._home.is_dir():
            raise CommandError(ExitCode.USAGE, f"{home} is not the state of a demonstration; remove it yourself")
        shutil.rmtree(home, ignore_errors=True)


def _get_ready(city: City, workspace: Workspace) -> None:
    """What a run needs besides the departments: the second core would else be idle while they are simulated."""
    from orchestration.run import get_ready

    get_ready(city, workspace)


def _run_and_print(city: City, workspace: Workspace, start: date, end: date) -> ExitCode:
    report = run_days(city, workspace, start, end)
    print_report(report)
    return exit_code(report)


def _say_when_late() -> None:
    from orchestration.cli.console import out

    out.print("Late are rows of a date that an earlier run asked for in vain: a first run has none, however they came.")


def _print_release(city: City, workspace: Workspace) -> None:
    """What is published, and how many of its rows the gateway serves: rules end the publicity of some by the clock."""
    from catalog.compiled import CATALOG_FILE, CompiledCatalog
    from catalog.release import read_current, read_manifest, release_folder
    from orchestration.cli.console import out, print_table
    from orchestration.release.withdrawals import withdrawn_rows

    number = read_current(workspace)
    if number is None:
        return
    manifest, folder = read_manifest(workspace, number), release_folder(workspace, number)
    today = datetime.now(ZoneInfo(city.timezone)).date()
    gone = withdrawn_rows(folder, manifest, CompiledCatalog.load(folder / CATALOG_FILE), today)
    rows = [
        (d.id, " ".join(f.name for f in d.distributions), d.row_count, d.row_count - gone.get(d.id, 0))
        for d in manifest.datasets
    ]
    columns = ("dataset", "public files", "rows", "served\ntoday")
    print_table(f"Release {number:04d}: what is published", columns, rows, numbers=2)
    if any(gone.values()):
        out.print(f"Rows withdrawn by {today}, for one because their publicity is over, are not served.", markup=False)
    if workspace.control.exists():
        out.print("Rows that stewards withdrew are not counted here; `civiclake withdrawal list` names them.")
    out.print(f"Files in {folder}", markup=False, soft_wrap=True)
