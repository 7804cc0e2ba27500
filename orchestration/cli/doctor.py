"""`civiclake doctor`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from catalog.place import NotThisHomeError, workspace_of
from orchestration.cli.exits import ExitCode
from orchestration.cli.options import DEFAULT_CITY, CityOption, HomeOption, city_folder

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.workspace import Workspace

_GIB = 2**30
_LOW_DISK = 5 * _GIB
_INSTALL = "`make check` or `.tools/bin/uv sync --frozen`"
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `good`, what was found, and the mend (empty when good). `fatal` ones fail the command."""

    topic: str
    good: bool
    found: str
    mend: str = ""
    fatal: bool = True


def doctor(city: CityOption = DEFAULT_CITY, home: HomeOption = None) -> None:
    """Look at Python, DuckDB extensions, city, contracts, environment, lake, lock, disk and ports; say how to mend."""
    from rich.text import Text

    from orchestration.cli.console import out

    findings = list(examine(city, home))
    for finding in findings:
        mark, style = (
            ("ok  ", "green") if finding.good else (("fail", "bold red") if finding.fatal else ("note", "yellow"))
        )
        out.print(Text(mark, style=style) + Text(f"  {finding.topic}: {finding.found}", style=""), soft_wrap=True)
        if finding.mend:
            out.print(Text(f"      {finding.mend}"), soft_wrap=True)
    if any(not finding.good and finding.fatal for finding in findings):
        raise typer.Exit(ExitCode.ENVIRONMENT)


def examine(city: Path, home: Path | None) -> Iterator[Finding]:
    """Everything the doctor looks at, one finding each; a finding that cannot be made is itself one."""
    from catalog.errors import CatalogError

    yield _python()
    yield from _guarded("DuckDB extensions", _extensions)
    try:
        from catalog.city import load_city

        loaded = load_city(city_folder(city))
    except CatalogError as error:
        for problem in error.problems:
            yield Finding(
                "city", False, f"{problem.file}:{problem.line or 1} {problem.key}: {problem.text}", problem.mend
            )
        return
    try:
        workspace = workspace_of(loaded.id, home)
    except NotThisHomeError as error:
        yield Finding("workspace", False, error.found, error.mend)
        return
    yield from _guarded("contracts", lambda: _contracts(loaded))
    yield from _environment(loaded)
    yield _disk(workspace)
    yield from _guarded("lock", lambda: _lock(workspace))
    yield from _guarded("lake", lambda: _lake(workspace))
    yield from _guarded("release", lambda: _release(workspace))
    yield _secrets(workspace)
    yield from _guarded("audit log", lambda: _audit_log(workspace))
    yield from (_port(port, what) for port, what in ((8000, "gateway"), (3000, "steward's interface")))


def _guarded(topic: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    from catalog.errors import CatalogError

    try:
        yield from look()
    except CatalogError as error:
        yield from (Finding(topic, False, f"{p.file}: {p.text}", p.mend) for p in error.problems)
    except Exception as error:  # noqa: BLE001  -- whatever is broken is what the doctor is asked for
        yield Finding(topic, False, f"{type(error).__name__}: {error}", f"Run {_INSTALL}; if it stays, file a report")


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] < (3, 14)
    return Finding(
        "Python", good, found, "" if good else "Use Python 3.11 to 3.13, named as in `make PYTHON=python3.11 check`"
    )


def _extensions() -> Iterator[Finding]:
    import tempfile

    import duckdb

    from orchestration.lake.extensions import EXTENSIONS, MissingExtensionError, link_extensions

    mend = f"Run {_INSTALL}: the files come with the packages duckdb-extension-*"
    with tempfile.TemporaryDirectory() as folder:
        row = duckdb.sql("PRAGMA platform").fetchone()
        try:
            link_extensions(Path(folder), f"v{duckdb.__version__}", str(row[0]) if row else "")
        except MissingExtensionError as error:
            yield Finding("DuckDB extensions", False, str(error), mend)
            return
        with duckdb.connect(config={"extension_directory": folder, "autoinstall_known_extensions": False}) as con:
            for name in EXTENSIONS:
                try:
                    con.load_extension(name)
                except duckdb.Error as error:
                    yield Finding("DuckDB extensions", False, f"{name}: {error}", mend)
                    return
    yield Finding("DuckDB extensions", True, f"{', '.join(EXTENSIONS)} load in DuckDB {duckdb.__version__}")


def _contracts(city: City) -> Iterator[Finding]:
    from catalog.city import check_city

    problems = check_city(city)
    for problem in problems:
        yield Finding("contracts", False, f"{problem.file}:{problem.line or 1} {problem.text}", problem.mend)
    if not problems:
        yield Finding("contracts", True, f"{len(city.feeds)} feeds of {city.title.en}: {', '.join(city.feeds)}")


def _environment(city: City) -> Iterator[Finding]:
    for feed in city.feeds.values():
        named = sorted(set(_REFERENCE.findall(feed.options.transport.model_dump_json())))
        missing = [name for name in named if not os.environ.get(name)]
        if missing and city.demo is not None:
            text = f"{feed.id}: {', '.join(missing)} not set"
            yield Finding(
                "environment", False, text, "`civiclake demo` sets them; a real run needs them set", fatal=False
            )
        elif missing:
            mend = f"Set them to what {city.contract_path(feed.id)} expects under transport"
            yield Finding("environment", False, f"{feed.id}: {', '.join(missing)} not set", mend)
        elif named:
            yield Finding("environment", True, f"{feed.id}: {', '.join(named)} set")


def _disk(workspace: Workspace) -> Finding:
    place = next(path for path in (workspace.home, *workspace.home.parents) if path.exists())
    free = shutil.disk_usage(place).free
    good = free > _LOW_DISK and os.access(place, os.W_OK)
    mend = "" if good else "Free some space, get write access, or choose another place with --home"
    return Finding("disk", good, f"{free / _GIB:.0f} GiB free under {place}", mend)


def _lock(workspace: Workspace) -> Iterator[Finding]:
    from filelock import FileLock, Timeout

    if not workspace.lock.exists():
        yield Finding("lock", True, "free")
        return
    try:
        with FileLock(workspace.lock).acquire(timeout=0):
            yield Finding("lock", True, "free")
    except Timeout:
        holder = workspace.lock.read_text(encoding="utf-8").strip() or "another process"
        yield Finding(
            "lock", False, f"held by {holder}", "A run is under way; wait for it, or end that process", fatal=False
        )


def _lake(workspace: Workspace) -> Iterator[Finding]:
    if not workspace.lake_catalog.exists():
        yield Finding("lake", True, f"none yet in {workspace.home}; `civiclake run` makes it")
        return
    from orchestration.lake.connect import open_lake

    with open_lake(workspace, read_only=True) as con:
        row = con.execute("SELECT count(*), max(business_date) FROM lake.ops.batch").fetchone() or (0, None)
    yield Finding("lake", True, f"opens; {row[0]} batch accounts, the newest of {row[1]}")


def _release(workspace: Workspace) -> Iterator[Finding]:
    from orchestration.release.store import ReleaseStore
    from orchestration.release.verify import verify

    store = ReleaseStore(workspace)
    if (dangling := store.dangling()) is not None:
        raise dangling
    current = store.current()
    if current is None:
        yield Finding("release", True, "none yet")
        return
    findings = verify(store, current)
    for text in findings:
        yield Finding(
            "release", False, f"{current:04d}: {text}", "Restore it from a copy, or `civiclake release rollback`"
        )
    if not findings:
        yield Finding("release", True, f"{current:04d} is served and sound")


def _secrets(workspace: Workspace) -> Finding:
    """The gateway refuses to start over secrets that others may read; the doctor says so before."""
    folder = workspace.control.parent
    open_ones = [
        path for path in sorted(folder.glob("*-*")) if ".sqlite" not in path.name and path.stat().st_mode & 0o077
    ]
    if open_ones:
        names = " ".join(str(path) for path in open_ones)
        return Finding("secrets", False, "files in control/ may be read by others", f"Run `chmod 600 {names}`")
    found = f"private, in {folder}" if folder.exists() else "none yet; the gateway makes them"
    return Finding("secrets", True, found)


def _audit_log(workspace: Workspace) -> Iterator[Finding]:
    """The gateway refuses requests when the log ends before what its anchor knows; the doctor says why."""
    import json
    import sqlite3
    from contextlib import closing

    anchor = workspace.seals / "audit.anchor"
    if os.environ.get("CIVICLAKE_GATEWAY_AUDIT_URL"):
        yield Finding("audit log", True, "kept in another database; `civiclake audit verify` looks at it")
        return
    if not anchor.exists():
        yield Finding("audit log", True, "none is sealed yet")
        return
    known, sealed = int(json.loads(anchor.read_bytes())["number"]), 0
    if workspace.audit.exists():
        with closing(sqlite3.connect(f"{workspace.audit.resolve().as_uri()}?mode=ro", uri=True)) as log:
            sealed = log.execute("SELECT coalesce(max(number), 0) FROM audit_checkpoint").fetchone()[0]
    if sealed < known:
        found = f"{workspace.audit} ends at checkpoint {sealed}, {anchor} knows {known}: requests are refused with 503"
        mend = "It was cut off, or control/ is older than seals/: stop the gateway, put both back from one copy"
        yield Finding("audit log", False, found, mend)
    else:
        yield Finding("audit log", True, f"reaches what its anchor knows, checkpoint {known}")


def _port(port: int, what: str) -> Finding:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return Finding("port", False, f"{port} is taken", f"The {what} will use the next free one", fatal=False)
    return Finding("port", True, f"{port} is free for the {what}")
