"""The policy in force: follows the workspace's policy file, and keeps the last good one when a new one is broken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from catalog.policy.model import CompiledPolicy
from gateway.policy.masks import JoinKeys

log = logging.getLogger("gateway.policy")

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class _Mark:
    """Tells one state of a file from another; the file is only ever replaced as a whole."""

    inode: int
    changed: int
    bytes: int


class PolicyShelf:
    """The policy of a city as it stands now, with the clock and the join keys that decisions need.

    Without a policy file there is no policy, and everything is denied.
    """

    def __init__(self, file: Path, poll: float, *, clock: Clock = utc_now, keys: JoinKeys | None = None) -> None:
        self._file, self._poll, self._clock = file, poll, clock
        self.keys = keys or JoinKeys(None)
        self._mark: _Mark | None = None
        self._current: CompiledPolicy | None = None
        self._behind = False
        self._following: asyncio.Task[None] | None = None

    @property
    def current(self) -> CompiledPolicy | None:
        """The policy in force."""
        return self._current

    @property
    def behind(self) -> bool:
        """Whether the file holds a policy that cannot be used, so that an older one is in force."""
        return self._behind

    @property
    def now(self) -> datetime:
        """This moment, as an aware time."""
        return self._clock()

    def today(self, timezone: str) -> date:
        """The date on the city's clocks."""
        return self._clock().astimezone(ZoneInfo(timezone)).date()

    async def start(self) -> None:
        """Take up the policy and follow the file from now on."""
        await self.refresh()
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop following."""
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following

    async def refresh(self) -> None:
        """Look at the file now; one `stat` is all it costs while nothing changes."""
        mark = _mark(self._file)
        if mark == self._mark:
            return
        if mark is None:
            self._mark, self._current, self._behind = None, None, False
            log.warning("there is no policy in force: everything is denied")
            return
        try:
            self._current, self._behind = await asyncio.to_thread(_read, self._file), False
            log.info("policy %s is in force", self._current.digest)
        except OSError as error:
            log.error("cannot read the policy in %s: %s", self._file, error)
            self._behind = True
            return
        except ValidationError as error:
            log.error("cannot use the policy in %s: %s", self._file, str(error).splitlines()[0])
            self._behind = True
        self._mark = mark

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._poll)
            await self.refresh()


def _mark(file: Path) -> _Mark | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return _Mark(found.st_ino, found.st_mtime_ns, found.st_size)


def _read(file: Path) -> CompiledPolicy:
    policy = CompiledPolicy.model_validate_json(file.read_bytes())
    policy.digest  # noqa: B018  -- reckoned here, away from the event loop
    return policy
