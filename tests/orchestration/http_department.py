"""A department's paged HTTP interface on loopback, with faults to order."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "correct-horse"
Fault = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Department:
    """Serves `rows` of each day; `faults` are answered first, one a request; `requests` logs every query."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    requests: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""
    epoch: str = "a"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(handler.path).query).items()}
        self.requests.append(query)
        self.headers.append({name.lower(): value for name, value in handler.headers.items()})
        if self.faults:
            self.faults.popleft()(handler)
        else:
            self.page(handler, query)

    def page(self, handler: BaseHTTPRequestHandler, query: dict[str, str] | None = None) -> None:
        """The page asked for; as a fault it means: answer this one properly."""
        query = query or self.requests[-1]
        if handler.headers.get("Authorization") != f"Bearer {TOKEN}":
            send(handler, 401, b"{}")
            return
        epoch, _, start = query.get("cursor", f"{self.epoch}:0").partition(":")
        if epoch != self.epoch:
            send(handler, 410, b'{"error": "cursor expired"}')
            return
        rows, size, first = self.rows.get(query["updated_since"][:10], []), int(query["page_size"]), int(start)
        after = f"{epoch}:{first + size}" if first + size < len(rows) else None
        body = json.dumps({"items": rows[first : first + size], "next_cursor": after}, ensure_ascii=False)
        send(handler, 200, body.encode())


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def status(code: int, **headers: str) -> Fault:
    return lambda handler: send(handler, code, b"", **headers)


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    """Promise more bytes than are sent, then hang up."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"items": [')
    handler.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no news."""


@contextmanager
def department(rows: dict[str, list[dict[str, Any]]]) -> Iterator[Department]:
    served = Department(rows)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """The log is in `requests`."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        served.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
