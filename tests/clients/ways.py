"""A way to the gateway that can break off, that tells what was asked, and whose waiting takes no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx

import civiclake_client as cc


class Way(httpx.BaseTransport):
    """Real requests to a real server.

    `cuts` are the bytes after which the next answers with a file break off; `before` is called with each request,
    `also` with the seconds of each wait.
    """

    def __init__(self) -> None:
        self._way = httpx.HTTPTransport(verify=False)
        self.requests: list[httpx.Request] = []
        self.waited: list[float] = []
        self.cuts: list[int] = []
        self.before: Callable[[httpx.Request], None] = lambda _request: None
        self.also: Callable[[float], None] = lambda _seconds: None

    @property
    def patience(self) -> cc.Patience:
        return cc.Patience(wait=self._wait)

    def asked(self, ending: str) -> list[httpx.Request]:
        """The requests to addresses that end so."""
        return [request for request in self.requests if request.url.path.endswith(ending)]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.before(request)
        self.requests.append(request)
        answer = self._way.handle_request(request)
        if self.cuts and "/files/" in request.url.path:
            assert isinstance(answer.stream, httpx.SyncByteStream)
            answer.stream = _Cut(answer.stream, self.cuts.pop(0))
        return answer

    def close(self) -> None:
        self._way.close()

    def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.also(seconds)


class _Cut(httpx.SyncByteStream):
    """The first bytes of a stream, then a broken connection."""

    def __init__(self, stream: httpx.SyncByteStream, left: int) -> None:
        self._stream, self._left = stream, left

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            yield chunk[: self._left]
            self._left -= len(chunk)
            if self._left <= 0:
                raise httpx.ReadError("cut")

    def close(self) -> None:
        self._stream.close()
