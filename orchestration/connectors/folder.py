"""Folder connector: files dropped by a department (a mount of its SFTP folder), landed byte for byte.

Lands every file not yet met whose date is not after the task's day, so a late file arrives with the next pull
as a delivery of its own day. Symbolic links are never followed and files are opened below the folder only.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from catalog.city import City
from catalog.contract.options import FolderTransport
from orchestration.connectors.base import PullTask
from orchestration.connectors.env import resolve
from orchestration.connectors.errors import SettingMissingError
from orchestration.connectors.filenames import Matcher, Offer, matchers, shown
from orchestration.landing.drops import last_signature, record_drop, record_refusal
from orchestration.landing.ledger import Ledger
from orchestration.landing.records import Notice, NoticeKind
from orchestration.landing.store import CHUNK_BYTES, ObjectTooLargeError, StoredObject

SETTLE_SECONDS = 2.0  # a file touched more recently is looked at twice
SETTLE_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class _Entry:
    """A directory entry below the folder: path parts as the system gives them, and its state."""

    parts: tuple[str, ...]
    state: os.stat_result

    @property
    def name(self) -> str:
        """Relative path as text, `/` separated."""
        return shown("/".join(self.parts))


def pull_folder(task: PullTask, transport: FolderTransport) -> None:
    """Land every settled, not yet met file up to the task's day, oldest day first."""
    folder = task.city_root / Path(task.setting(transport.path, "transport.path")).expanduser()
    try:
        with _opened(folder) as root:
            entries = sorted(_walk(root), key=lambda entry: entry.parts)
            fresh = _fresh(task, matchers(task.contract), entries)
            if any(time.time() - entry.state.st_mtime < SETTLE_SECONDS for _, entry in fresh):
                time.sleep(SETTLE_PAUSE_SECONDS)
            for offer, entry in fresh:
                task.remaining()
                _land(task, root, folder, offer, entry)
    except _UnreadableError as error:
        mend = "Create or mount it, correct the path, or grant read access"
        raise task.error("transport.path", f"the drop folder {folder} cannot be read: {error}", mend) from None


def fresh_days(city: City, feed: str, transport: FolderTransport, ledger: Ledger) -> set[date] | None:
    """Business dates of the files that are not as last looked at; None when the folder cannot be read."""
    contract, file = city.feeds[feed], city.contract_path(feed)
    tables = matchers(contract)
    try:
        path = Path(resolve(transport.path, os.environ, contract=file, key="transport.path")).expanduser()
        with _opened(city.root / path) as root:
            return {
                offer.business_date
                for entry in _walk(root)
                for table in tables
                if (offer := table.offer(entry.name)) is not None and offer.business_date is not None
                if last_signature(ledger, feed, offer.table.name, entry.name) != _signature(entry.state)
            }
    except (_UnreadableError, SettingMissingError):
        return None


class _UnreadableError(Exception):
    """The folder or one below it cannot be listed."""


@contextlib.contextmanager
def _opened(name: str | Path, beneath: int | None = None) -> Iterator[int]:
    """A descriptor of a folder; below an open folder links are not followed."""
    flags = os.O_RDONLY | os.O_DIRECTORY | (os.O_NOFOLLOW if beneath is not None else 0)
    try:
        descriptor = os.open(name, flags, dir_fd=beneath)
    except OSError as error:
        raise _UnreadableError(f"{name}: {error.strerror}") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _fresh(task: PullTask, wanted: list[Matcher], entries: list[_Entry]) -> list[tuple[Offer, _Entry]]:
    """Files of the contract's tables that are not as last looked at, in landing order; refusals are recorded."""
    fresh = []
    for entry in entries:
        for offer in (offer for matcher in wanted if (offer := matcher.offer(entry.name))):
            feed, signature = task.contract.id, _signature(entry.state)
            if last_signature(task.ledger, feed, offer.table.name, entry.name) == signature:
                continue
            reason = _reason_to_refuse(entry, offer, task.limits.max_object_bytes)
            if reason:
                now = datetime.now(UTC)
                notice = Notice(feed, offer.table.name, NoticeKind.REFUSED, entry.name, None, reason, now)
                record_refusal(task.ledger, notice, signature)
            elif offer.business_date is not None and offer.business_date <= task.business_date:
                fresh.append((offer, entry))
    return sorted(fresh, key=lambda pair: pair[0].order)


def _reason_to_refuse(entry: _Entry, offer: Offer, limit: int) -> str | None:
    if stat.S_ISLNK(entry.state.st_mode):
        return "a symbolic link, which is never followed"
    if not stat.S_ISREG(entry.state.st_mode):
        return "not a plain file"
    if offer.business_date is None:
        return "its name holds no possible date"
    if entry.state.st_size > limit:
        return f"{entry.state.st_size:,} bytes, more than limits.max_object_bytes ({limit:,})"
    return None


def _land(task: PullTask, root: int, folder: Path, offer: Offer, entry: _Entry) -> None:
    stored = _store(task, root, entry)
    if stored is None:
        task.unsettled.append(entry.name)
        return
    receipt = task.receipt(
        offer.table,
        stored,
        entry.name,
        (folder / entry.name).as_uri(),
        variant=offer.variant,
        business_date=offer.business_date,
    )
    if record_drop(task.ledger, task.pull, receipt, _signature(entry.state)) is None:
        task.landed(receipt)


def _store(task: PullTask, root: int, entry: _Entry) -> StoredObject | None:
    """The file's bytes in the store, None when it changed since it was listed or while it was read."""
    expected = _signature(entry.state)
    try:
        descriptor = _open_beneath(root, entry.parts)
    except OSError:
        return None  # gone or replaced since the listing; the next pull sees what is there then
    with os.fdopen(descriptor, "rb", buffering=0) as source:
        if _signature(os.fstat(descriptor)) != expected:
            return None
        try:
            with task.ledger.store.writer(task.limits.max_object_bytes) as writer:
                while chunk := source.read(CHUNK_BYTES):
                    writer.write(chunk)
                    task.remaining()
                return writer.store() if _signature(os.fstat(descriptor)) == expected else None
        except ObjectTooLargeError:
            return None  # it grew past the limit while it was read


def _walk(root: int, parts: tuple[str, ...] = ()) -> Iterator[_Entry]:
    """Every entry that is not a folder, below an open folder; links are reported, never followed."""
    with os.scandir(root) as entries:
        for entry in entries:
            state = entry.stat(follow_symlinks=False)
            if not stat.S_ISDIR(state.st_mode):
                yield _Entry((*parts, entry.name), state)
                continue
            with _opened(entry.name, beneath=root) as child:
                yield from _walk(child, (*parts, entry.name))


def _open_beneath(root: int, parts: tuple[str, ...]) -> int:
    """A descriptor of a file reached from an open folder without following any link."""
    folder = os.dup(root)
    try:
        for part in parts[:-1]:
            child = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = child
        return os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    finally:
        os.close(folder)


def _signature(state: os.stat_result) -> str:
    """A text that changes whenever a file's contents do."""
    return f"{state.st_size}:{state.st_mtime_ns}:{state.st_ctime_ns}:{state.st_ino}"
