"""The server's HTTP protocol, which also takes files: the system copies them to the socket, not a byte passes Python.

It is uvicorn's own with the ASGI extension `http.response.zerocopysend` added. uvicorn does not offer it, and with
chunks read in Python a large file takes several times as long.
"""

from __future__ import annotations

import asyncio
import os
import select
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.web.disconnect import ClientGoneError
from gateway.web.zero_copy import EXTENSION

_PATIENCE = 0.005  # seconds that a thread waits for a reader in all; a slower one is waited for without a thread


class ZeroCopyProtocol(HttpToolsProtocol):
    """Serves one connection; files go out by themselves where it is not encrypted."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self.scheme == "http":
            cycle.scope["extensions"] = {EXTENSION: {}}
            app = partial(self._run, cycle, app)
        super()._start_asgi_task(cycle, app)

    async def _run(self, cycle: RequestResponseCycle, app: Any, scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == EXTENSION:
                await self._send_file(cycle, message)
            else:
                await send(message)

        await app(scope, receive, sending)

    async def _send_file(self, cycle: RequestResponseCycle, message: Mapping[str, Any]) -> None:
        """Send `count` bytes of an open `file` from an `offset` on. Raises ClientGoneError when nobody takes them."""
        self.transport.set_write_buffer_limits(high=0)  # what was written before goes out before
        await self.flow.drain()
        if cycle.disconnected or self.transport.is_closing():
            raise ClientGoneError
        place, end = message["offset"], message["offset"] + message["count"]
        socket = os.dup(self.transport.get_extra_info("socket").fileno())
        try:
            while place < end:
                sent = await _in_thread(partial(_push, socket, message["file"], place, end - place))
                place += sent
                cycle.expected_content_length -= sent
                if place < end:
                    await _writable(socket)
        except (BrokenPipeError, ConnectionResetError):
            raise ClientGoneError from None
        finally:
            os.close(socket)


def _push(socket: int, file: int, offset: int, count: int) -> int:
    """Send as long as the reader keeps up; how many bytes went out."""
    sent, patience, ready = 0, _PATIENCE, select.poll()
    ready.register(socket, select.POLLOUT)
    while sent < count:
        try:
            now = os.sendfile(socket, file, offset + sent, count - sent)
        except BlockingIOError:
            began = time.monotonic()
            if not ready.poll(max(patience, 0.0) * 1000):
                break
            patience -= time.monotonic() - began
            continue
        if not now:
            raise OSError("a file is shorter than its manifest says")
        sent += now
    return sent


async def _in_thread(work: partial[int]) -> int:
    """The result of work in a thread, which is over when this is: the files it uses are closed then."""
    running = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


async def _writable(socket: int) -> None:
    """Return when the socket takes bytes, or is broken."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(socket, _done, ready)
    try:
        await ready
    finally:
        loop.remove_writer(socket)


def _done(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
