"""Verification: reads the whole log and tells every row that is altered, missing, out of order or cut off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from gateway.audit.chain import GENESIS, Checkpoint, link
from gateway.audit.keys import VerifyingKey
from gateway.audit.store import AuditStore

Kind = Literal["altered", "missing", "reordered", "truncated", "unsealed", "forged", "rewritten", "no anchor"]

_MOST_FINDINGS = 1000


@dataclass(frozen=True)
class Finding:
    """Something wrong: what, at which row of the log (or its neighbourhood), and in words."""

    kind: Kind
    seq: int
    text: str


@dataclass
class Report:
    """What a verification saw: rows, checkpoints, the last place and hash, and the first 1,000 findings."""

    rows: int = 0
    checkpoints: int = 0
    seq: int = 0
    hash: str = GENESIS
    findings: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def add(self, kind: Kind, seq: int, text: str) -> None:
        """Note a finding."""
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(Finding(kind, seq, text))


Anchor = tuple[Checkpoint, str] | None


class Source(Protocol):
    """A log to be read from beginning to end: a database's, or one that was exported."""

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """Every row, in order of its place."""
        ...

    def checkpoints(self) -> Iterator[Checkpoint]:
        """Every checkpoint, in order of its number."""
        ...


def verify(store: AuditStore, keys: Mapping[str, VerifyingKey], anchor: Anchor) -> Report:
    """Check a database's log against public keys by their id, and against the anchor, which must be read before."""
    with store.snapshot() as snapshot:
        return verify_source(snapshot, keys, anchor)


def verify_source(source: Source, keys: Mapping[str, VerifyingKey], anchor: Anchor) -> Report:
    """Check a log that does not change meanwhile."""
    report = Report()
    if anchor is not None and not _signed(anchor[0], anchor[1], keys):
        report.add("forged", anchor[0].seq, "the anchor does not carry a signature of a known key")
    seals = _Seals(source, keys, anchor, report)
    for row in source.rows():
        _check_row(row, report)
        seals.reached(report.seq, report.hash)
    seals.end()
    if anchor is None and report.rows:
        report.add("no anchor", report.seq, "there is no anchor: a cut-off end of the log could not be noticed")
    return report


def _check_row(row: Mapping[str, Any], report: Report) -> None:
    seq, expected = row["seq"], report.seq + 1
    if seq > expected:
        last = f" to {seq - 1}" if seq - 1 > expected else ""
        report.add("missing", expected, f"row {expected}{last} missing")
    elif seq < expected:
        report.add("reordered", seq, f"row {seq} stands before the beginning")
    elif row["prev_hash"] != report.hash:
        report.add("reordered", seq, f"row {seq} does not follow the row before it")
    if _link(row) != row["hash"]:
        report.add("altered", seq, f"row {seq} is not as it was written (request {row['request_id']})")
    report.rows, report.seq, report.hash = report.rows + 1, seq, row["hash"]


def _link(row: Mapping[str, Any]) -> str | None:
    try:
        return link(row["prev_hash"], row)
    except TypeError:  # a value of a type that was never written
        return None


class _Seals:
    """Walks the checkpoints beside the rows."""

    def __init__(self, source: Source, keys: Mapping[str, VerifyingKey], anchor: Anchor, report: Report) -> None:
        self._report, self._keys, self._anchor = report, keys, anchor
        self._before = ""
        self._number = 0
        self._sealed = 0
        self._checkpoints: Iterator[Checkpoint] = self._checked(source)
        self._next = next(self._checkpoints, None)

    def reached(self, seq: int, digest: str) -> None:
        """The walk is at this row: the checkpoint over it, if there is one, must say the same."""
        while self._next is not None and self._next.seq <= seq:
            if self._next.seq == seq and self._next.hash != digest:
                self._report.add("rewritten", seq, f"checkpoint {self._next.number} sealed another row {seq}")
            self._sealed = max(self._sealed, self._next.seq)
            self._next = next(self._checkpoints, None)

    def end(self) -> None:
        """The rows are over: nothing may be sealed beyond them, and nothing may stand beyond the seals."""
        report, seq = self._report, self._report.seq
        while self._next is not None:
            report.add("truncated", seq + 1, f"checkpoint {self._next.number} sealed rows up to {self._next.seq}")
            self._sealed = self._next.seq
            self._next = next(self._checkpoints, None)
        if self._sealed < seq:
            report.add("unsealed", self._sealed + 1, f"rows {self._sealed + 1} to {seq} are not sealed")
        if self._anchor is not None and self._anchor[0].number > self._number:
            newest = self._anchor[0]
            report.add(
                "truncated",
                seq + 1,
                f"the log ends at row {seq} and checkpoint {self._number}; the anchor knows row {newest.seq} "
                f"and checkpoint {newest.number}",
            )

    def _checked(self, source: Source) -> Iterator[Checkpoint]:
        latest = 0
        for found in source.checkpoints():
            report = self._report
            if found.number != self._number + 1:
                report.add("missing", found.seq, f"checkpoint {self._number + 1} missing")
            if found.seq <= latest:
                report.add("rewritten", found.seq, f"checkpoint {found.number} goes back to row {found.seq}")
            if not _signed(found, self._before, self._keys):
                report.add("forged", found.seq, f"checkpoint {found.number} does not carry a signature of a known key")
            if self._anchor is not None and found.number == self._anchor[0].number and found != self._anchor[0]:
                report.add("rewritten", found.seq, f"checkpoint {found.number} is not the one the anchor knows")
            self._number, self._before, latest = found.number, found.signature, found.seq
            report.checkpoints += 1
            yield found


def _signed(found: Checkpoint, before: str, keys: Mapping[str, VerifyingKey]) -> bool:
    key = keys.get(found.key_id)
    try:
        return key is not None and key.verifies(bytes.fromhex(found.signature), found.message(before))
    except ValueError:
        return False
