"""HTTP that connects only to addresses judged at the moment of use; TLS still verifies the host's name.

The connection goes to the judged address itself, so a name that changes its answer between judging and connecting
(DNS rebinding) changes nothing.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import httpx

Judge = Callable[[str, int], Sequence[str]]
"""From host and port to the addresses that may be connected to, in order; raises when one may not be."""


@functools.cache
def _trust() -> ssl.SSLContext:
    """The certificates trusted; reading them takes longer than a page."""
    return httpx.create_ssl_context(trust_env=False)


class GuardedTransport(httpx.BaseTransport):
    """A transport that sends to the first judged address that accepts a connection."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._inner = httpx.HTTPTransport(verify=_trust(), trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        for attempt in _attempts(request, _judged(self._judge, request)):
            with attempt:
                return self._inner.handle_request(request)
        raise _nowhere(request)

    def close(self) -> None:
        """Close all connections."""
        self._inner.close()


class AsyncGuardedTransport(httpx.AsyncBaseTransport):
    """The same for the event loop; names are resolved in a thread."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._inner = httpx.AsyncHTTPTransport(verify=_trust(), trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        for attempt in _attempts(request, await asyncio.to_thread(_judged, self._judge, request)):
            with attempt:
                return await self._inner.handle_async_request(request)
        raise _nowhere(request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()


def port_of(url: httpx.URL) -> int:
    """The port of an address, said or not."""
    return url.port or (443 if url.scheme == "https" else 80)


def _judged(judge: Judge, request: httpx.Request) -> Sequence[str]:
    host = request.url.host
    try:
        return judge(host, port_of(request.url))
    except socket.gaierror as error:
        raise httpx.ConnectError(f"{host} cannot be resolved: {error.strerror}", request=request) from None


def _attempts(request: httpx.Request, addresses: Sequence[str]) -> Iterator[AbstractContextManager[None]]:
    """One attempt for each address; a connection that cannot be made ends the attempt, at the last address it raises.

    TLS is told the host's name, whatever address is connected to.
    """
    request.extensions = {**request.extensions, "sni_hostname": request.url.host}
    for place, address in enumerate(addresses, start=1):
        yield _attempt(request, address, last=place == len(addresses))


@contextmanager
def _attempt(request: httpx.Request, address: str, *, last: bool) -> Iterator[None]:
    named = request.url
    request.url = named.copy_with(host=address)
    try:
        yield
    except httpx.ConnectError:
        if last:
            raise
    finally:
        request.url = named


def _nowhere(request: httpx.Request) -> httpx.ConnectError:
    return httpx.ConnectError(f"{request.url.host} has no address", request=request)
