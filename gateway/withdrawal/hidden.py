"""What of one release must not be shown: the withdrawn rows of a dataset, and the copies of its files without them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlglot import exp

from catalog.release import Distribution
from gateway.view.view import View, stored_column, stored_table

Table = tuple[str, str, str]
_KEYS = exp.to_identifier("#withdrawn", quoted=True)


@dataclass(frozen=True)
class Withdrawn:
    """The withdrawn rows that a stored table holds: how many, and a `digest` that tells this set from any other.

    Their keys are the rows of `keys`, under the columns `key`. `met` gives the keys of those that meet a condition
    over stored columns, as texts in order.
    """

    keys: Table
    key: tuple[str, ...]
    rows: int
    digest: str
    met: Callable[[exp.Expr], Sequence[tuple[str, ...]]] = field(compare=False)

    def seen(self, rows: exp.Expr) -> str:
        """Digest of the withdrawn rows that meet a condition, empty when there are none."""
        return keys_digest(self.met(rows))

    @property
    def condition(self) -> exp.Expr:
        """True of a stored row that is not withdrawn. Written as NOT IN, which the engine can go through row by
        row; it makes every row of a NOT EXISTS ready before the first is given."""
        database, schema, keys = self.keys
        table = exp.alias_(exp.table_(keys, db=schema, catalog=database, quoted=True), _KEYS.copy(), table=True)
        withdrawn = exp.select(*(exp.column(exp.to_identifier(n, quoted=True), table=_KEYS.copy()) for n in self.key))
        key: list[exp.Expr] = [stored_column(name) for name in self.key]
        one = key[0] if len(key) == 1 else exp.Tuple(expressions=key)
        return exp.Not(this=exp.In(this=one, query=exp.Subquery(this=withdrawn.from_(table))))

    def among(self, stored: Table, rows: exp.Expr) -> exp.Select:
        """Selection of the keys of the withdrawn rows of a stored table that meet a condition, in order."""
        found = exp.Not(this=exp.Paren(this=self.condition))
        texts = [exp.cast(stored_column(name), "TEXT", dialect="duckdb") for name in self.key]
        order = [exp.Literal.number(place) for place in range(1, len(texts) + 1)]
        return exp.select(*texts).from_(stored_table(stored)).where(rows.copy(), found).order_by(*order)


def keys_digest(keys: Sequence[tuple[str, ...]]) -> str:
    """Tells these rows, by their keys in order, from any others; empty when there are none."""
    text = "\x1e".join("\x1f".join(row) for row in keys)
    return hashlib.sha256(text.encode()).hexdigest()[:16] if keys else ""


@dataclass(frozen=True)
class FileCopy:
    """A public file written anew without the withdrawn rows: where it lies, its size in bytes and its sha256."""

    path: Path
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Hidden:
    """The withdrawn rows of one dataset of one release; `copies` by file name, None while a copy is being made."""

    withdrawn: Withdrawn
    copies: Mapping[str, FileCopy | None] = field(default_factory=dict)

    @property
    def edition(self) -> str:
        """Tells what is left out, and which copies there are, from any other state."""
        made = sorted(copy.sha256 for copy in self.copies.values() if copy)
        return " ".join(["without", self.withdrawn.digest, *made])

    def shown(self, file: Distribution) -> Distribution:
        """What may be sent in place of a released file."""
        copy = self.copies[file.name]
        return file.model_copy(update={"bytes": copy.bytes if copy else 0, "sha256": copy.sha256 if copy else ""})

    def leave_out(self, view: View) -> View:
        """The view without the withdrawn rows.

        Its edition changes with those the caller would see, and with no others.
        """
        rows = view.governed.rows if view.governed else None
        seen = self.withdrawn.digest if rows is None else self.withdrawn.seen(rows)
        return replace(view, withdrawn=self.withdrawn.condition, edition=f"{view.edition} {seen}".rstrip())
