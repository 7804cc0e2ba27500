"""`civiclake serve`: the gateway and the steward's user interface, as child processes, until Ctrl-C."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.exits import CommandError, ExitCode
from orchestration.cli.options import DEFAULT_CITY, CityOption, HomeOption, open_city
from orchestration.cli.processes import Children, free_port, stopping

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.workspace import Workspace

GATEWAY_PORT = 8000
STEWARD_PORT = 3000
HOST = "127.0.0.1"


def serve(
    port: Annotated[int, typer.Option("--port", help="Port of the gateway.")] = GATEWAY_PORT,
    steward_port: Annotated[int, typer.Option("--steward-port", help="Port of the Dagster interface.")] = STEWARD_PORT,
    steward: Annotated[bool, typer.Option("--steward/--no-steward", help="Serve the Dagster interface too.")] = True,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Serve the current release (gateway) and the steward's interface (Dagster) on this machine until Ctrl-C."""
    loaded, workspace = open_city(city, home)
    with Children() as children, stopping(children, code=ExitCode.OK, text="Stopped."):
        start_servers(children, loaded, workspace, port, steward_port if steward else None)
        serve_until_stopped(children)


def start_servers(
    children: Children, city: City, workspace: Workspace, port: int = GATEWAY_PORT, steward_port: int | None = None
) -> None:
    """Start both servers, say where they are, and return when they answer."""
    from catalog.release import read_current
    from orchestration.cli.console import out
    from orchestration.defs.home import ensure_dagster_home
    from orchestration.release.policy import renew_policy

    renew_policy(city, workspace)
    if read_current(workspace) is None:
        out.print("There is no release yet: the gateway answers, but has nothing to serve. `civiclake run` makes one.")
    logs = workspace.home / "logs"
    gateway = _port(port, "gateway")
    command = [sys.executable, "-m", "gateway", "--home", str(workspace.home), "--host", HOST, "--port", str(gateway)]
    children.start("gateway", command, logs / "gateway.log", env={})
    interface = None
    if steward_port is not None:
        interface = _port(steward_port, "steward's interface")
        ensure_dagster_home(workspace)  # Dagster asks for it before it loads anything of ours
        children.start(
            "steward's interface", _dagster(interface), logs / "dagster.log", env=_dagster_env(city, workspace)
        )
    children.wait_for_port("gateway", gateway)
    out.print(f"Gateway              http://{HOST}:{gateway}", markup=False)
    if interface is not None:
        children.wait_for_port("steward's interface", interface, seconds=120)
        out.print(f"Steward's interface  http://{HOST}:{interface}", markup=False)


def serve_until_stopped(children: Children) -> None:
    """Until Ctrl-C, which is the way to end it; CommandError when a server ends by itself."""
    from orchestration.cli.console import out

    out.print("Ctrl-C stops everything.")
    with stopping(children, code=ExitCode.OK, text="Stopped."):
        children.watch()


def _port(wanted: int, what: str) -> int:
    from orchestration.cli.console import out

    if not 0 < wanted < 65536:
        raise CommandError(ExitCode.USAGE, f"{wanted} is no port number")
    found = free_port(wanted, HOST)
    if found != wanted:
        out.print(f"Port {wanted} is taken; the {what} uses {found}.", markup=False)
    return found


def _dagster(port: int) -> list[str]:
    return [sys.executable, "-m", "dagster", "dev", "-m", "orchestration.definitions", "-h", HOST, "-p", str(port)]


def _dagster_env(city: City, workspace: Workspace) -> dict[str, str]:
    return {
        "DAGSTER_HOME": str(workspace.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "CIVICLAKE_CITY": str(city.root),
        "CIVICLAKE_HOME": str(workspace.home),
    }
