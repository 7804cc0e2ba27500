"""A real HTTP server that takes events: it keeps what it got, and answers as it is told to."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import orjson

PATIENCE = 60
Answer = tuple[int, dict[str, str]]


@dataclass(frozen=True)
class Got:
    """One request as it came in; shaped so that a verifier of signatures can read it."""

    method: str
    url: str
    headers: httpx.Headers
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found


@dataclass
class Receiver:
    """`answers` are given one after another, then 204 for ever."""

    address: str
    got: queue.Queue[Got] = field(default_factory=queue.Queue)
    answers: list[Answer] = field(default_factory=list)

    def next(self) -> Got:
        """The next request; fails when none comes."""
        return self.got.get(timeout=PATIENCE)

    @property
    def idle(self) -> bool:
        return self.got.empty()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            url = f"http://{self.headers['Host']}{self.path}"
            status, headers = receiver.answers.pop(0) if receiver.answers else (204, {})
            receiver.got.put(Got("POST", url, httpx.Headers(list(self.headers.items())), body))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/events?from=city")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
