"""One release and a server over it, and a real server process for what only a real server shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from gateway.app import create_app
from gateway.settings import GatewaySettings
from tests.gateway.fake_release import publish

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home's")  # a quote in the path must not matter
    publish(folder, 1, rows=80)
    return folder


@pytest.fixture(scope="session")
def client(home: Path) -> Iterator[httpx.Client]:
    with client_over(home) as client:
        yield client


@contextmanager
def client_over(home: Path, **settings: object) -> Iterator[httpx.Client]:
    """A client of a server in a thread of this process; it asks for plain bytes."""
    app = create_app(GatewaySettings(home=home, **settings))  # type: ignore[arg-type]
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Accept-Encoding": "identity"}) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


Serve = Callable[..., tuple[str, subprocess.Popen[str]]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start `python -m gateway` on a free port; gives its address and process."""
    started: list[subprocess.Popen[str]] = []

    def start(home: Path, *options: str) -> tuple[str, subprocess.Popen[str]]:
        command = [sys.executable, "-m", "gateway", "--home", str(home), "--port", "0", *options]
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return _address(process), process

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=20)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r"http://127\.0\.0\.1:\d+", json.loads(line).get("message", ""))
        if found:
            return found.group()
    raise AssertionError(f"the server ended with {process.wait()}")


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Return as soon as the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def released(address: str) -> int | None:
    """The release a server says it serves."""
    number: int | None = httpx.get(f"{address}/healthz").json()["release"]
    return number
