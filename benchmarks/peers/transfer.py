"""Long answers: downloaded to nowhere, or walked page by page; seconds, bytes, rows."""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.peers.peer import Peer
from benchmarks.peers.process import Served
from benchmarks.peers.questions import Call

_PIECE = 1 << 20
_PATIENCE = 120.0  # seconds: a long answer that takes longer is not waited for


@dataclass(frozen=True)
class Transfer:
    """How long it took, and how much came: bytes of the body, of a walk also rows."""

    seconds: float
    size: int
    rows: int = 0


class Asking:
    """One connection to a server, kept. Raises TimeoutError when the patience with it is over."""

    def __init__(self, served: Served) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=_PATIENCE)
        self.size, self._until = 0, time.monotonic() + _PATIENCE

    def __call__(self, call: Call) -> bytes:
        """The body of an answer. RuntimeError when it is no success."""
        answer = self._open(call)
        body = answer.read()
        self.size += len(body)
        return body

    def header(self, call: Call, name: str) -> str | None:
        """A header of an answer."""
        answer = self._open(call)
        answer.read()
        return answer.getheader(name)

    def swallow(self, call: Call) -> None:
        """Read an answer to its end and forget it."""
        answer, buffer = self._open(call), bytearray(_PIECE)
        while got := answer.readinto(buffer):
            self.size += got
            self._require_time()

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def _require_time(self) -> None:
        if time.monotonic() > self._until:
            raise TimeoutError

    def _open(self, call: Call) -> http.client.HTTPResponse:
        self._require_time()
        path = urlsplit(call.path)._replace(scheme="", netloc="").geturl()
        body = None if call.body is None else call.body.encode()
        self._line.request(call.method, path, body=body, headers=dict(call.headers))
        answer = self._line.getresponse()
        if answer.status not in (200, 206):
            raise RuntimeError(f"{call.path} answered {answer.status}: {answer.read()[:300]!r}")
        return answer


def download(served: Served, call: Call) -> Transfer:
    """One answer from beginning to end."""
    asking, began = Asking(served), time.perf_counter()
    asking.swallow(call)
    spent = time.perf_counter() - began
    asking.close()
    return Transfer(spent, asking.size)


def walk(peer: Peer, served: Served, size: int) -> Transfer | None:
    """Every row by pages; None where the server has no way."""
    asking, began, rows = Asking(served), time.perf_counter(), 0
    pages = peer.walk(asking, size)
    if pages is None:
        return None
    for page in pages:
        rows += len(page)
    spent = time.perf_counter() - began
    asking.close()
    return Transfer(spent, asking.size, rows)
