"""What is known of one access while it happens: filled by the doors, made one row when the answer is over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from gateway.audit.chain import Fields
from gateway.policy.actor import Actor

_REFUSED, _BROKEN_OFF = 400, 499  # from the first on nothing was given; the second had been let in
_LONGEST_LIST = 200


@dataclass
class AccessRecord:
    """One access. Doors set what they know; what nobody sets stays empty. `filter` is a digest already.

    `credential` is the public id of a key or client that was proven and refused: it stands where there is no actor.
    `rows` counts what was handed out so far, so that a broken answer is told truly. `place` says that a place in the
    log is kept for it, `reading` that it reads whatever its method says.
    """

    request_id: str
    actor: Actor | None = None
    action: str = "read"
    purpose: str | None = None
    grants: tuple[str, ...] = ()
    dataset: str | None = None
    release: int | None = None
    columns: tuple[str, ...] = ()
    filter: str | None = None
    rows: int | None = None
    decision: str | None = None
    rules: tuple[str, ...] = ()
    place: bool = False
    reading: bool = False
    credential: str | None = None
    others: list[AccessRecord] = field(default_factory=list)

    def also(self) -> AccessRecord:
        """The record of the same access to one more dataset, with columns, rules and a place of its own."""
        other = AccessRecord(self.request_id, actor=self.actor, action=self.action)
        self.others.append(other)
        return other

    def denied(self, *rules: str) -> None:
        """Refused, under these rules."""
        self.decision, self.rules = "deny", (*self.rules, *rules)

    def handed(self, rows: int) -> None:
        """So many more rows were given to the caller."""
        self.rows = (self.rows or 0) + rows

    def row(self, at: datetime, door: str, status: int, sent: int, *, complete: bool) -> dict[str, str | int | None]:
        """The fields of the row. Texts are cut and cleaned, so that nothing a caller sends can stop the log."""
        actor = self.actor
        return {
            "at": _moment(at),
            "request_id": _text(self.request_id, 64),
            "caller": _text(actor.id if actor else f"key:{self.credential}" if self.credential else "?", 200),
            "tier": actor.tier if actor else None,
            "organisation": _text(actor.organisation, 64) if actor and actor.organisation else None,
            "grants": _list(
                self.grants or ([g.id for g in actor.grants if g.dataset == self.dataset] if actor else ())
            ),
            "purpose": _text(self.purpose, 200) if self.purpose else None,
            "action": _text(self.action, 20),
            "door": _text(door, 200),
            "dataset": _text(self.dataset, 100) if self.dataset else None,
            "release": self.release,
            "columns": _list(self.columns),
            "filter": self.filter,
            "rows": self.rows,
            "bytes": sent,
            "status": status,
            "complete": int(complete),
            "decision": self._decided(status),
            "rules": _list(self.rules),
        }

    def _decided(self, status: int) -> str:
        """What was let in and then refused, for a column that is not there say, was given nothing."""
        if _REFUSED <= status < _BROKEN_OFF:
            return "deny"
        return self.decision or ("allow" if status < _REFUSED else "deny")


def missing_row(at: datetime, missing: int) -> dict[str, str | int | None]:
    """The row that owns up to accesses to public data that could not be recorded while the store was away."""
    record = AccessRecord("-", action="unrecorded", rows=missing, decision="allow")
    return record.row(at, "", 0, 0, complete=False)


def restated(row: Fields, at: datetime, request_id: str, *, status: int, sent: int, rows: int | None) -> Fields:
    """The row of one more access like that of a row, which was let in as that was and is answered whole."""
    return {
        **row,
        "at": _moment(at),
        "request_id": request_id,
        "status": status,
        "bytes": sent,
        "rows": rows,
        "complete": 1,
    }


def _moment(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _text(value: str, longest: int) -> str:
    cut = value[:longest]
    return cut if cut.isprintable() else "".join(sign if sign.isprintable() else "\ufffd" for sign in cut)


def _list(values: Iterable[str]) -> str:
    return orjson.dumps([_text(value, 200) for value in values][:_LONGEST_LIST]).decode()
