"""The chain: what a row's hash covers, and what a checkpoint signs. Pure functions; both sides use them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

Fields = Mapping[str, str | int | None]

FIELDS = (
    "at", "request_id", "caller", "tier", "organisation", "grants", "purpose", "action", "door", "dataset", "release",
    "columns", "filter", "rows", "bytes", "status", "complete", "decision", "rules",
)  # fmt: skip
"""What a row says, besides its place in the chain."""

GENESIS = hashlib.sha256(b"civiclake audit log, format 1").hexdigest()
"""What the first row follows."""


@dataclass(frozen=True)
class Checkpoint:
    """A signed statement: up to row `seq` the log was as its `hash` says. Checkpoints are numbered from 1 and each
    covers the signature of the one before, so none can be left out."""

    number: int
    seq: int
    hash: str
    at: str
    key_id: str
    signature: str

    def message(self, before: str) -> bytes:
        """What is signed; `before` is the signature of the checkpoint before, empty for the first."""
        content = ["civiclake audit checkpoint 1", self.number, self.seq, self.hash, self.at, self.key_id, before]
        return orjson.dumps(content)


def link(before: str, fields: Fields) -> str:
    """Hash of a row: sha256, in hex, over the hash of the row before and the canonical JSON of its fields.

    Canonical: members sorted by name, no spaces, UTF-8. The place in the chain is what `before` says.
    """
    content = orjson.dumps([before, {name: fields[name] for name in FIELDS}], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()
