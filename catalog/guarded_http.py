"""HTTP that connects only to addresses judged at the moment of use; TLS still verifies the host's name.

The connection goes to the judged address itself, so a name that changes its answer between judging and connecting
(DNS rebinding) changes nothing.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Callable, Sequence

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
        addresses = _judged(self._judge, request)
        named = _named(request)
        for place, address in enumerate(addresses, start=1):
            request.url = named.copy_with(host=address)
            try:
                return self._inner.handle_request(request)
            except httpx.ConnectError:
                if place == len(addresses):
                    raise
            finally:
                request.url = named
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
        addresses = await asyncio.to_thread(_judged, self._judge, request)
        named = _named(request)
        for place, address in enumerate(addresses, start=1):
            request.url = named.copy_with(host=address)
            try:
                return await self._inner.handle_async_request(request)
            except httpx.ConnectError:
                if place == len(addresses):
                    raise
            finally:
                request.url = named
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


def _named(request: httpx.Request) -> httpx.URL:
    """The URL by name; TLS is told that name whatever address is connected to."""
    request.extensions = {**request.extensions, "sni_hostname": request.url.host}
    return request.url


def _nowhere(request: httpx.Request) -> httpx.ConnectError:
    return httpx.ConnectError(f"{request.url.host} has no address", request=request)
