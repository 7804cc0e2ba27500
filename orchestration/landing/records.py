"""What the ledger remembers: receipts, batches, notices and pulls as immutable values."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

Role = Literal["data", "keys"]
Version = tuple[tuple[int, str], ...]  # of a delivered file, in a form that sorts; empty when its name tells none


@dataclass(frozen=True)
class Receipt:
    """One landed object as it was received.

    `table` is the contract's table name; `role` says whether the object holds rows or, for
    `deletes: key_snapshot`, all primary keys; `variant` indexes the table's variants; `file_name` is the
    delivered name (relative path, `/` separated); `size` is in bytes; `source_uri` carries no secrets;
    `received_at` is UTC; `cursor_before` and `cursor_after` are those of a paged source.
    """

    feed: str
    table: str
    role: Role
    variant: int
    file_name: str
    object_id: str
    size: int
    source_uri: str
    received_at: datetime
    business_date: date
    contract_version: str
    cursor_before: str | None = None
    cursor_after: str | None = None


@dataclass(frozen=True)
class Batch:
    """What one pull of a feed brought for one business date.

    `late_days` is how many days before the pull's own business date that date lies, when an earlier pull had
    asked for it in vain; what the first pull of a feed finds is not late. `closed_at` is UTC.
    """

    batch_id: str
    feed: str
    business_date: date
    closed_at: datetime
    late_days: int
    contract_version: str


class NoticeKind(StrEnum):
    """Why an offered file was not landed."""

    SEEN = "seen"  # same name and bytes as a file received before
    DUPLICATE = "duplicate"  # same bytes as a file received under another name
    REFUSED = "refused"  # a symbolic link, not a plain file, an impossible date, or too large


@dataclass(frozen=True)
class Notice:
    """An offered file that was not landed. `object_id` is None when its bytes were not read."""

    feed: str
    table: str
    kind: NoticeKind
    file_name: str
    object_id: str | None
    text: str
    noticed_at: datetime


@dataclass(frozen=True)
class OpenPull:
    """A pull under way, or one that a crash left open and the next pull continues."""

    pull_id: int
    feed: str
    business_date: date
    opened_at: datetime
    contract_version: str
    resumed: bool


@dataclass(frozen=True)
class StreamPoint:
    """How far one paged stream of a pull is recorded: pages landed, the cursor of the next, whether it ended.

    `contract_version` is that of the contract whose requests brought the pages; None before the first.
    """

    pages: int = 0
    cursor: str | None = None
    finished: bool = False
    contract_version: str | None = None


Versions = Callable[[Receipt], Version]


def unversioned(_: Receipt) -> Version:
    """The version of what was not delivered in files, or in files whose names tell none."""
    return ()


def deliveries(receipts: Sequence[Receipt], version: Versions) -> list[list[Receipt]]:
    """The receipts of each business date; those of a table that came in a newer version too are apart and before."""
    newest: dict[tuple[date, str], Version] = {}
    for receipt in receipts:
        of = (receipt.business_date, receipt.table)
        newest[of] = max(newest.get(of, ()), version(receipt))
    groups: dict[tuple[date, bool, Version], list[Receipt]] = {}
    for receipt in receipts:
        own = version(receipt)
        replaced = own < newest[receipt.business_date, receipt.table]
        groups.setdefault((receipt.business_date, not replaced, own if replaced else ()), []).append(receipt)
    return [groups[place] for place in sorted(groups)]


def batch_id(feed: str, business_date: date, receipts: Iterable[Receipt]) -> str:
    """The batch's name, derived from its contents: the same files for the same day give the same name."""
    contents = sorted({(r.table, r.file_name, r.object_id) for r in receipts})
    digest = hashlib.sha256("\0".join(text for entry in contents for text in entry).encode()).hexdigest()
    return f"{feed}-{business_date:%Y%m%d}-{digest[:10]}"
