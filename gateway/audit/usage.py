"""Who used what, and what for: summaries and newest accesses, read from the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, func, select

from gateway.audit.store import AuditStore
from gateway.audit.tables import access

_NEWEST = 100
_LISTS = ("grants", "columns", "rules")
_GROUPED = ("dataset", "action", "purpose", "decision")
_BY_CALLER = ("caller", "tier", "organisation")


@dataclass(frozen=True)
class Span:
    """From a moment up to before another."""

    since: datetime
    until: datetime

    def holds(self) -> ColumnElement[bool]:
        """The condition of rows in it: times are texts that sort as they follow."""
        return (access.c.at >= _stamp(self.since)) & (access.c.at < _stamp(self.until))


def own_usage(store: AuditStore, caller: str, span: Span, datasets: Sequence[str] | None) -> dict[str, Any]:
    """What one caller used, of some datasets or of all. Blocks."""
    condition = (access.c.caller == caller) & span.holds()
    if datasets is not None:
        condition &= access.c.dataset.in_(datasets)
    shown = ("at", "request_id", "purpose", "action", "door", "dataset", "release", "columns", "rows", "bytes",
             "status", "complete", "decision")  # fmt: skip
    return _usage(store, condition, _GROUPED, shown)


def dataset_usage(store: AuditStore, datasets: Sequence[str], span: Span) -> dict[str, Any]:
    """Who used datasets, under which grants and for what. Blocks."""
    condition = access.c.dataset.in_(datasets) & span.holds()
    shown = ("at", "request_id", *_BY_CALLER, "grants", "purpose", "action", "door", "dataset", "release", "columns",
             "rows", "bytes", "status", "complete", "decision", "rules")  # fmt: skip
    return _usage(store, condition, (*_BY_CALLER, *_GROUPED), shown)


def _usage(
    store: AuditStore, condition: ColumnElement[bool], grouped: Sequence[str], shown: Sequence[str]
) -> dict[str, Any]:
    groups = [access.c[name] for name in grouped]
    totals = (
        select(
            *groups,
            func.count().label("accesses"),
            func.sum(access.c.rows).label("rows"),
            func.sum(access.c.bytes).label("bytes"),
            func.min(access.c.at).label("first"),
            func.max(access.c.at).label("last"),
        )
        .where(condition)
        .group_by(*groups)
        .order_by(*groups)
    )
    newest = select(*(access.c[name] for name in shown)).where(condition).order_by(access.c.seq.desc()).limit(_NEWEST)
    return {
        "totals": [{name: _plain(value) for name, value in row.items()} for row in store.query(totals)],
        "newest": [
            {name: orjson.loads(value) if name in _LISTS else value for name, value in row.items()}
            | {"complete": bool(row["complete"])}
            for row in store.query(newest)
        ],
    }


def _plain(value: Any) -> Any:
    """Sums are Decimal in PostgreSQL."""
    return value if value is None or isinstance(value, str) else int(value)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
