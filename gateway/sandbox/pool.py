"""Sandboxes as the gateway has them: one is always ready, each is for one question, and all of them can be killed."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Any

import orjson

from gateway.problems import SandboxLost
from gateway.quota.places import FairPlaces
from gateway.sandbox.frames import HEAD, LONGEST, Kind, packed, pieces
from gateway.sandbox.guard import close_to_others

_COMMAND = (sys.executable, "-I", "-m", "gateway.sandbox.nursery")
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "TZ": "UTC", "LANG": "C.UTF-8"}
_PATIENCE = 20.0  # seconds for a sandbox to become ready, the loading of the nursery included
_BODY = "The work on the question broke off."


class FailedError(Exception):
    """A sandbox says that something went wrong; `code` what, `names` which names its engine spoke of.

    `worked` is the processor time until then, in seconds.
    """

    def __init__(self, code: str, names: tuple[str, ...], worked: float) -> None:
        super().__init__(code)
        self.code, self.names, self.worked = code, names, worked


class Sandbox:
    """The line to one sandbox. What comes from there is believed as little as what comes from a caller."""

    def __init__(self, handle: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._handle: int | None = handle
        self._reader, self._writer = reader, writer

    async def ask(self, kind: Kind, document: object) -> dict[str, Any]:
        """Send a document and take the one that answers it. Raises FailedError or SandboxLost."""
        await self.send(kind, orjson.dumps(document))
        return await self.told()

    async def send(self, kind: Kind, payload: bytes = b"") -> None:
        """Send a frame; waits while the sandbox has enough to read."""
        try:
            for piece in pieces(payload) or [b""]:
                self._writer.write(packed(kind, piece))
            await self._writer.drain()
        except OSError:
            raise SandboxLost(_BODY) from None

    async def told(self) -> dict[str, Any]:
        """The next document."""
        kind, payload = await self.take()
        if kind is not Kind.TELL:
            raise SandboxLost(_BODY)
        found: dict[str, Any] = orjson.loads(payload)
        return found

    async def take(self) -> tuple[Kind, bytes]:
        """The next frame. Raises FailedError where it is one of failure, SandboxLost where there is none."""
        try:
            kind, length = HEAD.unpack(await self._reader.readexactly(HEAD.size))
            if length > LONGEST:
                raise SandboxLost(_BODY)
            payload = await self._reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            raise SandboxLost(_BODY) from None
        try:
            if kind == Kind.FAILED:
                failure = orjson.loads(payload)
                names = tuple(map(str, failure.get("names", ())))
                raise FailedError(str(failure["code"]), names, float(failure["worked"]))
            return Kind(kind), payload
        except (ValueError, KeyError, TypeError):  # no sandbox of ours talks so
            raise SandboxLost(_BODY) from None

    @property
    def lives(self) -> bool:
        """Whether its process goes on: a handle of a process becomes readable when that ends."""
        if self._handle is None:
            return False
        ended = select.poll()
        ended.register(self._handle, select.POLLIN)
        return not ended.poll(0)

    def kill(self) -> None:
        """End the process, whatever it is doing."""
        handle, self._handle = self._handle, None
        if handle is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            os.close(handle)
        self._writer.close()


class SandboxPool:
    """Places for questions, shared out fairly, and the nursery that sandboxes come from. Belongs to one event loop.

    The nursery starts with the first question; from then on a sandbox waits for the next one.
    """

    def __init__(self, places: int) -> None:
        self.places = FairPlaces(places)
        self._nursery: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._ready: asyncio.Task[Sandbox] | None = None
        self._starting = asyncio.Lock()

    async def take(self) -> Sandbox:
        """A fresh sandbox, which is the taker's to kill. Raises SandboxLost when none can be started."""
        waiting, self._ready = self._ready or asyncio.create_task(self._fork()), None
        try:
            found = await asyncio.shield(waiting)
            if not found.lives:  # somebody ended it while it waited, as a machine short of memory does
                found.kill()
                found = await self._fork()
        except SandboxLost:
            found = await self._fork()  # the nursery may have ended meanwhile: once more with a new one
        except asyncio.CancelledError:
            waiting.add_done_callback(_unused)
            raise
        self._ready = asyncio.create_task(self._fork())
        self._ready.add_done_callback(_looked_at)
        return found

    async def stop(self) -> None:
        """End every sandbox and the nursery."""
        if self._ready is not None:
            with suppress(SandboxLost):
                (await self._ready).kill()
        await asyncio.to_thread(self._end_nursery)

    async def _fork(self) -> Sandbox:
        ours, theirs = socket.socketpair()
        try:
            async with self._starting:
                handle = await asyncio.to_thread(self._hand_in, ours, theirs)
            reader, writer = await asyncio.open_connection(sock=ours)
        except (OSError, ValueError) as error:
            ours.close()
            await asyncio.to_thread(self._end_nursery)
            raise SandboxLost("No process could be started for the question.") from error
        return Sandbox(handle, reader, writer)

    def _hand_in(self, ours: socket.socket, theirs: socket.socket) -> int:
        """Give one end of a line to the nursery; the handle of the sandbox that has it. Blocks."""
        with theirs:
            socket.send_fds(self._open_nursery(), [b"+"], [theirs.fileno()])
        ours.settimeout(_PATIENCE)
        _, handles, _, _ = socket.recv_fds(ours, 1, 1)
        if not handles:
            raise OSError("the sandbox ended before it was ready")
        ours.setblocking(False)
        return handles[0]

    def _open_nursery(self) -> socket.socket:
        if self._nursery is None or self._control is None or self._nursery.poll() is not None:
            self._end_nursery()
            close_to_others()
            self._control, theirs = socket.socketpair()
            with theirs:
                self._nursery = subprocess.Popen(  # noqa: S603  -- a fixed command of our own
                    _COMMAND, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=_ENVIRONMENT, cwd="/"
                )
        return self._control

    def _end_nursery(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._nursery is not None:
            self._nursery.kill()
            self._nursery.wait()
        self._nursery = self._control = None


def _unused(task: asyncio.Task[Sandbox]) -> None:
    """End a sandbox whose taker has gone before it was ready."""
    if not task.cancelled() and task.exception() is None:
        task.result().kill()


def _looked_at(task: asyncio.Task[Sandbox]) -> None:
    """A failure is met by whoever takes the sandbox; asyncio need not report it as lost."""
    if not task.cancelled():
        task.exception()
