"""One release and a server over it, and a real server process for what only a real server shows."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn

from gateway.app import create_app
from gateway.policy.shelf import Clock, utc_now
from gateway.settings import GatewaySettings
from gateway.web.zero_copy_protocol import ZeroCopyProtocol
from tests.gateway.fake_release import publish

ROOT = Path(__file__).resolve().parents[2]


PLAIN = {"Accept-Encoding": "identity"}
"""What asks for plain bytes. Clients of plain HTTP do without certificates (`verify`): to read them takes 0.2 s."""


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
def client_over(home: Path, *, clock: Clock = utc_now, **settings: object) -> Iterator[httpx.Client]:
    """A client of a server in a thread of this process; it asks for plain bytes."""
    app = create_app(GatewaySettings(home=home, **settings), clock=clock)  # type: ignore[arg-type]
    own = {"log_config": None, "access_log": False, "proxy_headers": False, "http": ZeroCopyProtocol}
    server = uvicorn.Server(uvicorn.Config(app, port=0, **own))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=PLAIN, verify=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Server:
    """A server process: its address, and the file its log goes to."""

    process: subprocess.Popen[bytes]
    log: Path
    address: str = ""

    def find_address(self) -> bool:
        """Whether the log has told the address by now."""
        assert self.process.poll() is None, self.log.read_text()
        found = re.search(r"http://127\.0\.0\.1:\d+", self.log.read_text())
        self.address = found.group() if found else ""
        return bool(found) and '"serving release' in self.log.read_text() and self._listens()

    def _listens(self) -> bool:
        """Whether a server process takes connections: the address is told, and a release opened, before that."""
        host, _, port = self.address.removeprefix("http://").partition(":")
        with socket.socket() as trial:
            return trial.connect_ex((host, int(port))) == 0


Serve = Callable[..., Server]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start `python -m gateway` on a free port."""
    started: list[Server] = []

    def start(home: Path, *options: str) -> Server:
        command = [sys.executable, "-m", "gateway", "--home", str(home), "--port", "0", *options]
        log = tmp_path / f"server-{len(started)}.log"
        with log.open("wb") as file:
            server = Server(subprocess.Popen(command, cwd=ROOT, stderr=file), log)
        started.append(server)
        wait_for(server.find_address)
        return server

    yield start
    for server in started:
        server.process.terminate()
        server.process.wait(timeout=20)


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Return as soon as the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)
