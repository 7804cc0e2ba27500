"""`civiclake audit`: verify, show and export the log of every access."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.place_options import HomeOption

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from catalog.workspace import Workspace
    from gateway.audit.keys import VerifyingKey
    from gateway.audit.store import AuditStore
    from gateway.settings import GatewaySettings

app = typer.Typer(no_args_is_help=True, help="The log of every access: verify, show or export it.")

_USAGE, _DATA, _ENVIRONMENT = 2, 3, 5
_ANCHOR_LATER = (
    "Nothing but its end is missing. It may be that the anchor was copied after the export and knows of later accesses:"
    " copy the anchor first, then export, and verify again."
)

AnyCityOption = Annotated[
    Path | None,
    typer.Option(
        "--city",
        envvar="CIVICLAKE_CITY",
        help="Folder of the city (holds city.yml); by default the only one with state below ./.civiclake.",
        metavar="DIR",
    ),
]
KeyOption = Annotated[
    list[Path] | None,
    typer.Option("--public-key", help="Public key of the seals, as PEM; by default the city's own.", metavar="FILE"),
]


@app.command()
def verify(
    city: AnyCityOption = None,
    home: HomeOption = None,
    public_key: KeyOption = None,
    file: Annotated[Path | None, typer.Option("--file", help="Verify an exported log.", metavar="FILE")] = None,
    anchor: Annotated[
        Path | None, typer.Option("--anchor", help="The anchor; by default the city's own.", metavar="FILE")
    ] = None,
) -> None:
    """Find every row that is altered, missing, out of order or cut off. Exit code 3 when there is one."""
    from gateway.audit.anchor import read_anchor
    from gateway.audit.export import ExportedLog
    from gateway.audit.verify import verify as verify_store
    from gateway.audit.verify import verify_source
    from gateway.audit.writer import ANCHOR_FILE

    with _telling():
        folder = None if file is not None and public_key and anchor is not None else _seals(_settings(city, home))
        keys = _keys(public_key or [], folder)
        kept = anchor or (folder / ANCHOR_FILE if folder else None)
        known = read_anchor(kept) if kept else None
        if file is not None:
            report = verify_source(ExportedLog(file), keys, known)
        else:
            with _store(_settings(city, home)) as store:
                report = verify_store(store, keys, known)
    for finding in report.findings:
        typer.echo(f"row {finding.seq}: {finding.kind}: {finding.text}")
    if not report.sound:
        typer.echo(f"NOT SOUND: {len(report.findings)} findings in {report.rows} rows.")
        if file is not None and [finding.kind for finding in report.findings] == ["truncated"]:
            typer.echo(_ANCHOR_LATER)
        raise typer.Exit(_DATA)
    typer.echo(f"Sound: {report.rows} rows, {report.checkpoints} checkpoints; row {report.seq} has hash {report.hash}.")


@app.command()
def show(
    *,
    city: AnyCityOption = None,
    home: HomeOption = None,
    caller: Annotated[str | None, typer.Option("--caller", help="Only this caller's.")] = None,
    dataset: Annotated[str | None, typer.Option("--dataset", help="Only of this dataset.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="From this day of UTC.", metavar="DATE")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="So many of the newest.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON lines.")] = False,
) -> None:
    """Show the newest accesses, the newest first."""
    import orjson
    from sqlalchemy import select

    from gateway.audit.store import plain
    from gateway.audit.tables import access

    statement = select(access).order_by(access.c.seq.desc()).limit(limit)
    for column, value in ((access.c.caller, caller), (access.c.dataset, dataset)):
        if value is not None:
            statement = statement.where(column == value)
    if since is not None:
        statement = statement.where(access.c.at >= _day(since).isoformat())
    found = False
    with _telling(), _store(_settings(city, home)) as store:
        for row in store.query(statement):
            found = True
            if as_json:
                typer.echo(orjson.dumps(plain(row)).decode())
            else:
                typer.echo(_sentence(dict(row)))
    if not found:
        typer.echo("There is no such row in the log.", err=True)


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="File of JSON lines to write; `-` is standard output.", metavar="FILE")],
    city: AnyCityOption = None,
    home: HomeOption = None,
) -> None:
    """Write the whole log with its checkpoints, for an auditor to verify with the public key."""
    from gateway.audit.export import write_export

    with _telling(), _store(_settings(city, home)) as store:
        if str(out) == "-":
            write_export(store, sys.stdout.buffer)
            return
        try:
            file = out.open("xb")
        except FileExistsError:
            text = f"{out} is there already and is not overwritten; name another file, or move this one away"
            raise _CannotError(_ENVIRONMENT, text) from None
        with file:
            rows, checkpoints = write_export(store, file)
    typer.echo(f"{out}: {rows} rows, {checkpoints} checkpoints.")


@app.command()
def key(city: AnyCityOption = None, home: HomeOption = None) -> None:
    """Print the public key that the log is sealed with."""
    from gateway.audit.keys import load_public
    from gateway.audit.writer import KEY_FILE

    with _telling():
        typer.echo(load_public(_seals(_settings(city, home)) / KEY_FILE).pem, nl=False)


def _settings(city: Path | None, home: Path | None) -> GatewaySettings:
    from catalog.place import STATE
    from catalog.workspace import Workspace
    from gateway.settings import GatewaySettings

    if city is not None:
        home = _home_of(city, home)
    elif home is None:
        found = sorted(path for path in STATE.glob("*") if _is_state(Workspace(path)))
        if len(found) != 1:
            what = "there are several cities" if found else "there is no city"
            raise _CannotError(_USAGE, f"{what} below {STATE.absolute()}; name one with --city or --home")
        home = found[0]
    return GatewaySettings(home=home.absolute())


def _is_state(workspace: Workspace) -> bool:
    """Whether a folder holds the state of a city; others may lie beside it."""
    return workspace.city.is_file() or workspace.audit.is_file()


def _home_of(city: Path, home: Path | None) -> Path:
    from catalog.city import CityFile
    from catalog.errors import CatalogError
    from catalog.place import NoCityError, NotThisHomeError, city_folder, workspace_of
    from catalog.validate import validate
    from catalog.yamlfile import read_yaml

    try:
        folder = city_folder(city)
        file = folder if folder.name == "city.yml" else folder / "city.yml"
        return workspace_of(validate(CityFile, read_yaml(file)).id, home).home
    except (NoCityError, NotThisHomeError) as error:
        raise _CannotError(error.exit_code, str(error)) from None
    except CatalogError as error:
        raise _CannotError(_DATA, str(error)) from None


def _seals(settings: GatewaySettings) -> Path:
    from catalog.workspace import Workspace

    return settings.seals_dir or Workspace(settings.home).seals


def _keys(files: list[Path], folder: Path | None) -> Mapping[str, VerifyingKey]:
    from gateway.audit.keys import load_public
    from gateway.audit.writer import KEY_FILE

    found = [load_public(file) for file in (files or ([folder / KEY_FILE] if folder else []))]
    return {known.id: known for known in found}


@contextmanager
def _store(settings: GatewaySettings) -> Iterator[AuditStore]:
    from catalog.workspace import Workspace
    from gateway.audit.store import AuditStore
    from gateway.quota.service import audit_url

    url = audit_url(settings, Workspace(settings.home))
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise _CannotError(_ENVIRONMENT, f"there is no audit log at {url.database}; a gateway writes one")
    store = AuditStore(url)
    try:
        yield store
    finally:
        store.close()


class _CannotError(Exception):
    """The command cannot go on: its exit code, and a text for the person at the terminal."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@contextmanager
def _telling() -> Iterator[None]:
    """Turn known errors into one line and an exit code."""
    from pydantic import ValidationError
    from sqlalchemy.exc import SQLAlchemyError

    from gateway.audit.anchor import AnchorError
    from gateway.audit.export import ExportError
    from gateway.audit.keys import KeyFileError

    try:
        yield
    except _CannotError as error:
        code, text = error.code, str(error)
    except (KeyFileError, AnchorError, ExportError) as error:
        code, text = _DATA, str(error)
    except OSError as error:
        code, text = _ENVIRONMENT, f"{error.filename}: {error.strerror}"
    except SQLAlchemyError as error:
        code, text = _ENVIRONMENT, f"the audit log cannot be read: {getattr(error, 'orig', error)}"
    except ValidationError as error:
        code, text = _USAGE, "; ".join(fault["msg"] for fault in error.errors(include_input=False, include_url=False))
    else:
        return
    typer.echo(text, err=True)
    raise typer.Exit(code)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no date such as 2026-03-31", param_hint="--since") from None


def _sentence(row: Mapping[str, object]) -> str:
    what = f"{row['action']} {row['dataset'] or row['door']}"
    size = f"{row['rows'] if row['rows'] is not None else '-'} rows, {row['bytes']} bytes"
    broken = "" if row["complete"] else ", broken off"
    purpose = f", for {row['purpose']}" if row["purpose"] else ""
    return (
        f"{row['seq']}  {row['at']}  {row['caller']} ({row['tier'] or '-'})  {what}  {row['decision']} {row['status']}"
        f"  {size}{broken}{purpose}  rules {row['rules']}"
    )
