"""Withdrawals inside the engine: what is in force, and which rows of an opened release that concerns."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlglot import exp

from catalog.withdrawal import load_reasons
from gateway.engine import identifier, literal
from gateway.withdrawal.hidden import Table, Withdrawn, keys_digest
from gateway.withdrawal.sources import InForce

if TYPE_CHECKING:
    from gateway.engine import Engine

_DATABASE, _SCHEMA = "memory", "main"
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Tombstone:
    """What is told of a withdrawn row: a digest of its key, the public word for why, and since when."""

    digest: str
    reason: str
    since: date


class WithdrawalTables:
    """Makes and drops the tables; every name is used once, for statements of earlier answers may still read one.

    Blocks; to be used from one thread at a time.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._made = 0

    def listed(self, found: InForce) -> Table:
        """A table of what is in force: dataset, key (VARCHAR[]), reason, effective_on; one row per reason."""
        table, day = self._name("listed"), literal(found.today.isoformat())
        columns = "dataset VARCHAR, key VARCHAR[], reason VARCHAR, effective_on DATE"
        self._engine.run(f"CREATE TABLE {_text(table)} ({columns})")
        if found.path is not None:
            self._engine.run(
                f"INSERT INTO {_text(table)} SELECT dataset, key, reason, effective_on"
                f" FROM read_parquet({literal(str(found.path))}) WHERE effective_on <= {day}"
            )
        for entry in found.manual:
            if entry.effective_on <= found.today:
                row = [entry.dataset, list(entry.key), entry.reason, entry.effective_on]
                self._engine.run(f"INSERT INTO {_text(table)} VALUES (?, ?, ?, ?)", row)
        return table

    def datasets(self, listed: Table) -> frozenset[str]:
        """The datasets that have withdrawn rows."""
        return frozenset(str(name) for (name,) in self._engine.run(f"SELECT DISTINCT dataset FROM {_text(listed)}"))

    def withdrawn(self, listed: Table, dataset: str, stored: Table, key: tuple[str, ...]) -> Withdrawn | None:
        """The rows of a stored table that are listed; None when there are none."""
        table = self._name(f"{stored[0]}_{dataset}")
        columns = ", ".join(f"t.{identifier(name)}" for name in key)
        same = " AND ".join(
            f"CAST(t.{identifier(name)} AS VARCHAR) = w.key[{place}]" for place, name in enumerate(key, start=1)
        )
        self._engine.run(
            f"CREATE TABLE {_text(table)} AS SELECT DISTINCT {columns} FROM {_text(stored)} t"
            f" JOIN {_text(listed)} w ON w.dataset = ? AND len(w.key) = {len(key)} AND {same}",
            [dataset],
        )
        texts = ", ".join(f"CAST({identifier(name)} AS VARCHAR)" for name in key)
        keys = self._engine.run(f"SELECT {texts} FROM {_text(table)} ORDER BY ALL")
        if not keys:
            self.drop(table)
            return None

        def met(rows: exp.Expr) -> list[tuple[str, ...]]:
            return self._engine.run(found.among(stored, rows).sql(dialect="duckdb"))

        found = Withdrawn(table, key, len(keys), keys_digest(keys), met)
        return found

    def tombstones(self, listed: Table, dataset: str) -> list[Tombstone]:
        """What is told of the withdrawn rows of a dataset, by day and digest.

        A row is told of under the reason that came first, and not at all when one of its reasons is not for telling.
        """
        told = ", ".join(
            f"({literal(code)}, {literal(reason.told) if reason.told else 'NULL'})"
            for code, reason in load_reasons().items()
        )
        named = f"sha256(concat_ws(chr(31), dataset, array_to_string(key, chr(31))))[:{DIGEST_CHARACTERS}]"
        rows = self._engine.run(
            f"SELECT {named}, arg_min(told, (effective_on, told)), min(effective_on)"
            f" FROM {_text(listed)} LEFT JOIN (VALUES {told}) AS reasons(reason, told) USING (reason)"
            " WHERE dataset = ? GROUP BY dataset, key HAVING count(*) = count(told) ORDER BY 3, 1",
            [dataset],
        )
        return [Tombstone(digest, reason, since) for digest, reason, since in rows]

    def drop(self, table: Table) -> None:
        """Remove a table that no statement reads any more."""
        self._engine.run(f"DROP TABLE IF EXISTS {_text(table)}")

    def _name(self, stem: str) -> Table:
        self._made += 1
        return _DATABASE, _SCHEMA, f"{stem}_{self._made}"


DIGEST_CHARACTERS = 32


def tombstone_digest(dataset: str, key: Sequence[str]) -> str:
    """The digest under which the tombstone of a row is told."""
    return hashlib.sha256(_SEPARATOR.join((dataset, *key)).encode()).hexdigest()[:DIGEST_CHARACTERS]


def _text(table: Table) -> str:
    return ".".join(identifier(part) for part in table)
