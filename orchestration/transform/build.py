"""Runs dbt in this process on an assembled project and says what became of every node."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.city import City
from catalog.workspace import Workspace
from orchestration.lake.threads import THREADS, engine_threads
from orchestration.transform.errors import TransformError
from orchestration.transform.fingerprint import fingerprint, forget_built, is_built, remember_built
from orchestration.transform.parsed import keep_parsed, manifest_file, parsed_project, take_parsed
from orchestration.transform.pseudonyms import PSEUDONYM_KEY, pseudonym_key

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from duckdb import DuckDBPyConnection

AS_OF = "CIVICLAKE_AS_OF"
LAID_OUT = "CIVICLAKE_LAID_OUT"
GOOD = frozenset({"success", "pass", "warn", "skipped_empty", "no-op"})


@dataclass(frozen=True)
class NodeResult:
    """What became of one dbt node. `failures` counts the failing rows of a test; `seconds` is its own time."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    seconds: float
    failures: int | None
    message: str

    @property
    def ok(self) -> bool:
        """Whether the node was built, passed, or failed only as a warning."""
        return self.status in GOOD


@dataclass(frozen=True)
class DbtRun:
    """All node results of one dbt invocation, in the order in which they ended.

    `full_refresh` says whether incremental models were computed anew from all rows.
    """

    nodes: tuple[NodeResult, ...]
    full_refresh: bool = False

    @property
    def failed(self) -> tuple[NodeResult, ...]:
        """Nodes that erred, failed, or were skipped because something before them did."""
        return tuple(node for node in self.nodes if not node.ok)

    @property
    def ok(self) -> bool:
        """Whether every node is well."""
        return not self.failed


def run_dbt(
    workspace: Workspace,
    command: str = "build",
    *,
    as_of: date,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    with_their_tests: bool = True,
    variables: dict[str, Any] | None = None,
    full_refresh: bool = False,
    unit_tests: bool = False,
    progress: Callable[[NodeResult], None] | None = None,
    lake: DuckDBPyConnection | None = None,
) -> DbtRun:
    """Run `dbt <command>` on the project assembled in `workspace.dbt` and return every node's result.

    `as_of` is the day as of which time-dependent models speak. The caller holds the writer lock of the lake.
    Models are computed anew from all rows when `full_refresh` says so, and whenever SQL, vocabularies or the key of
    the pseudonyms changed since the whole library was last built. Failed nodes are in the result; TransformError
    only when dbt could not run at all (a model that does not parse, a contract that is broken at compile time).
    The tests of selected models are selected with them unless `with_their_tests` says that they are named themselves.
    `lake` is a connection the caller has open, to be asked for the state of the vocabularies.
    """
    builds = command in {"build", "run"}
    _ensure_parsed(workspace)
    stands_on = fingerprint(workspace, lake) if builds else ""
    if builds and not is_built(workspace, stands_on):
        # First of all: after a build cut short, what the library stood on before holds for some of its tables only.
        forget_built(workspace)
        full_refresh = True
    full_refresh = builds and full_refresh
    arguments = [command, *_places(workspace), *_selection(select, exclude)]
    if not with_their_tests:
        arguments += ["--indirect-selection", "empty"]
    known = None if variables else parsed_project(workspace)
    laid_out = full_refresh and not (variables or select or exclude)
    if laid_out:
        _invoke(workspace, ["run-operation", "lay_out", *_places(workspace)], as_of, known=known)
    if not variables:
        arguments.append("--no-write-json")  # the manifest is there, and results are returned
    else:
        arguments += ["--vars", json.dumps(variables, ensure_ascii=False)]
    if full_refresh:
        arguments.append("--full-refresh")
    if command == "build" and not unit_tests:
        arguments += ["--exclude-resource-type", "unit_test"]
    outcome = _invoke(workspace, arguments, as_of, progress=progress, known=known, laid_out=laid_out)
    nodes = tuple(_node(result) for result in getattr(outcome.result, "results", ()) or ())
    if builds and not (select or exclude) and not _unbuilt(nodes):
        remember_built(workspace, stands_on)
    return DbtRun(nodes, full_refresh)


def parse_project(workspace: Workspace, city: City) -> Path:
    """The manifest of the project assembled for `city`, parsed unless the same one was; TransformError when it fails.

    `city` is for the words of the error only.
    """
    from orchestration.transform.messages import readable

    try:
        _ensure_parsed(workspace)
    except TransformError as error:
        raise TransformError(readable(str(error), city)) from error
    return manifest_file(workspace)


def _ensure_parsed(workspace: Workspace) -> None:
    if not take_parsed(workspace):
        _invoke(workspace, ["parse", *_places(workspace)], date(1970, 1, 1))  # models speak of no day yet
        keep_parsed(workspace)


def _invoke(
    workspace: Workspace,
    arguments: list[str],
    as_of: date,
    *,
    progress: Callable[[NodeResult], None] | None = None,
    known: Manifest | None = None,
    laid_out: bool = False,
) -> Any:
    with _told(workspace, as_of, laid_out), _connections_closed():
        outcome = _runner(progress, known).invoke(arguments)
    if outcome.exception is not None:
        raise TransformError(f"dbt {arguments[0]} in {workspace.dbt} could not run: {outcome.exception}")
    return outcome


def _unbuilt(nodes: Sequence[NodeResult]) -> list[NodeResult]:
    return [node for node in nodes if node.resource_type == "model" and not node.ok]


def _selection(select: Sequence[str], exclude: Sequence[str]) -> list[str]:
    chosen = ["--select", *select] if select else []
    return chosen + (["--exclude", *exclude] if exclude else [])


def _places(workspace: Workspace) -> list[str]:
    folder = str(workspace.dbt)
    # No log: what went wrong is in the results, and dbt would leave its log file open.
    return ["--project-dir", folder, "--profiles-dir", folder, "--log-level", "none", "--log-level-file", "none"]


def _runner(progress: Callable[[NodeResult], None] | None, known: Manifest | None) -> Any:
    from dbt.cli.main import dbtRunner

    def on_event(event: Any) -> None:
        if progress is not None and event.info.name == "NodeFinished":
            progress(_finished(event))

    return dbtRunner(manifest=known, callbacks=[on_event])


def _finished(event: Any) -> NodeResult:
    node, result = event.data.node_info, event.data.run_result
    return NodeResult(
        unique_id=node.unique_id,
        name=node.node_name,
        resource_type=node.resource_type,
        status=result.status,
        seconds=result.execution_time,
        failures=result.num_failures,
        message=result.message,
    )


def _node(result: Any) -> NodeResult:
    return NodeResult(
        unique_id=result.node.unique_id,
        name=result.node.name,
        resource_type=str(result.node.resource_type),
        status=str(result.status),
        seconds=float(result.execution_time),
        failures=result.failures,
        message=result.message or "",
    )


@contextmanager
def _told(workspace: Workspace, as_of: date, laid_out: bool) -> Iterator[None]:
    """The environment through which models and session plugin learn what the run is told, and analytics are off."""
    told = {
        AS_OF: as_of.isoformat(),
        LAID_OUT: "yes" if laid_out else "no",
        THREADS: str(engine_threads(workspace)),
        PSEUDONYM_KEY: pseudonym_key(workspace),
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _connections_closed() -> Iterator[None]:
    """dbt keeps its connections after a run, and with them the lake: close them whatever happened."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    try:
        yield
    finally:
        DuckDBConnectionManager.close_all_connections()
