"""What holds for all tests: the longest files begin first, and what a test wants shown at the end is shown."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

CACHE = "CIVICLAKE_CACHE"
PRINTED = "printed"
ONE_PROCESS = "tests/city/"
LEAST = 5  # seconds of a test called slow


def pytest_configure() -> None:
    """Hear Ctrl-C in the background of a shell too: from what is ignored there, Dagster makes a SIGTERM ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's cache is one of this test run, shared by its processes."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if os.environ.get("PYTEST_XDIST_WORKER") else root
    before = os.environ.get(CACHE)
    os.environ[CACHE] = str(root / "cache")
    yield
    if before is None:
        del os.environ[CACHE]
    else:
        os.environ[CACHE] = before


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a server that all tests of this process share; each makes a database of its own in it."""
    from tests.orchestration.postgres_server import postgres

    with postgres(tmp_path_factory.mktemp("pg")) as url:
        yield url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of long tests first, the longest before all: at the end no process waits for one of them."""
    seconds: dict[Path, float] = {}
    for item in items:
        for mark in item.iter_markers("slow"):
            seconds[item.path] = mark.kwargs.get("seconds", LEAST)
    items.sort(key=lambda item: seconds.get(item.path, 0), reverse=True)


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """A file's tests stay in one process, for they share what they set up, and all of the city's do."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return ONE_PROCESS if file.startswith(ONE_PROCESS) else file

    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """What is loaded by now stays: garbage is looked for in what tests make, and less often."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the property `printed` of every test that recorded one."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, text in report.user_properties:
                if name == PRINTED and report.when == "call":
                    terminalreporter.section(report.nodeid)
                    terminalreporter.write_line(str(text))
