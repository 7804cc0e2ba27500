"""Keeps a copy of a dataset equal to the current release: by what changed, or whole where that cannot be trusted.

The entity tag of a small question changes with everything that a caller may see of a release: its rows, its policy,
its withdrawn rows. A copy remembers it. While its own release still has that tag, the change feed leads exactly from
the copy to the current release. Where it has another one and only tombstones have come, those rows are dropped and the
rows are counted. Anything else is fetched whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import pyarrow as pa

from civiclake_client.carry import NotCarriedError, carriers, table_of
from civiclake_client.link import Link, Parameters
from civiclake_client.local import Local, Lost, State, Writer
from civiclake_client.problems import NotFoundError, NotPermittedError, ReleaseMovedError
from civiclake_client.result import Page, first_page, following, page_of, walk

MOST_CHANGES = 500_000
"""Changes whose keys are held in memory; where there are more, everything is fetched."""
_DIGEST_CHARACTERS = 32
_LARGEST = 1.7976931348623157e308

How = Literal["unchanged", "changes", "whole"]


@dataclass(frozen=True)
class Synced:
    """What a call did: the file, the release it equals now, its rows, how it was brought there and why whole."""

    path: Path
    release: int
    rows: int
    how: How
    changes: int = 0
    reason: str = ""


class _AnewError(Exception):
    """The copy cannot be brought up to date by changes."""


class Copy:
    """The copy of one dataset in a folder."""

    def __init__(self, link: Link, dataset: str, folder: Path) -> None:
        self._link, self._dataset = link, dataset
        self._root = f"/v1/datasets/{quote(dataset, safe='')}"
        self._local = Local(folder, dataset)

    def sync(self) -> Synced:
        """Bring the copy up to date. A problem leaves it as it was."""
        state = self._local.state()
        if state is None:
            return self._whole("there was no copy, or it was altered")
        now = self._seen()
        if (now.release, now.etag) == (state.release, state.etag):
            return Synced(self._local.path, state.release, state.rows, "unchanged")
        try:
            return self._catch_up(state, now)
        except NotPermittedError:
            return self._whole("changes are not told to you")
        except (NotFoundError, ReleaseMovedError):
            return self._whole(f"release {state.release} is not held any more")
        except (_AnewError, NotCarriedError) as reason:
            return self._whole(str(reason))

    def _whole(self, reason: str) -> Synced:
        tombstones, (access, _) = self._tombstones(), self._access()  # before the rows: what comes between is seen next
        now = self._seen()
        state = State(now.release, now.etag, access, tuple(sorted(tombstones)))
        with self._local.fresh() as path:
            with Writer(path, now.table.schema) as out:
                for page in walk(self._link, f"{self._root}/rows", [("release", str(now.release))]):
                    out.write(page.table)
            self._local.put(path, state, out.rows)
        return Synced(self._local.path, now.release, out.rows, "whole", reason=reason)

    def _catch_up(self, state: State, now: Page) -> Synced:
        tombstones, (access, everything) = self._tombstones(), self._access()
        if now.release < state.release:
            raise _AnewError("an earlier release is served again")
        then = now if now.release == state.release else self._seen(state.release)
        same = then.etag == state.etag
        known = set(state.tombstones)
        if not same and (known - tombstones or access != state.access or not everything):
            raise _AnewError("you see other rows or columns than before")
        if not self._local.schema().equals(now.table.schema):
            raise _AnewError("the columns are others")
        lost = self._lost(tombstones - known) if tombstones - known else None
        key = [str(name) for name in self._link.json(self._root, _release(now.release))["key"]]
        if not key:
            raise _AnewError("you do not see the key")
        with self._local.fresh() as path:
            with Writer(path, now.table.schema) as out:
                gone = self._apply(state.release, now, key, out)
                for table in self._local.kept(key, gone, lost):
                    out.write(table)
            if not same and self._count(now.release) != out.rows:
                raise _AnewError("the rows are not as many as they should be")
            self._local.put(path, State(now.release, now.etag, access, tuple(sorted(tombstones))), out.rows)
        return Synced(self._local.path, now.release, out.rows, "changes", changes=gone.num_rows)

    def _apply(self, since: int, now: Page, key: list[str], out: Writer) -> pa.Table:
        """Write the rows that came or changed; the keys of all that changed."""
        schema = now.table.schema
        keys = pa.schema([schema.field(name) for name in key])
        carry = carriers(schema)
        tables = [keys.empty_table()]
        if since == now.release:
            return tables[0]
        held, odd = 0, _Odd(self._link, self._root, now.release, key)
        floats = [field.name for field in schema if pa.types.is_floating(field.type)]
        for changes in self._changes(since, now.release):
            held += len(changes)
            if held > MOST_CHANGES:
                raise _AnewError("too much has changed")
            tables.append(table_of([change["after"] or change["before"] for change in changes], keys, carry))
            after = [change["after"] for change in changes if change["after"] is not None]
            for name in floats:
                if any(row[name] is None for row in after):
                    odd.put(after, name, keys)
            out.write(table_of(after, schema, carry))
        return pa.concat_tables(tables)

    def _changes(self, since: int, release: int) -> Iterator[list[dict[str, Any]]]:
        parameters = [("since", str(since)), *_release(release)]
        response = first_page(self._link, f"{self._root}/changes", parameters)
        while True:
            told = json.loads(response.content, parse_float=Decimal)
            if told["columns_added"] or told["columns_removed"]:
                raise _AnewError("the columns are others")
            yield told["changes"]
            further = following(response)
            if further is None:
                return
            response = self._link.get(further)

    def _seen(self, release: int | None = None) -> Page:
        """A row of a release at most, its columns, and the tag of all that is seen of it."""
        return page_of(self._link.get(f"{self._root}/rows", [("format", "arrow"), ("limit", "1"), *_release(release)]))

    def _access(self) -> tuple[str, bool]:
        """A digest of how each column is seen, and whether all rows are."""
        told = self._link.json(f"{self._root}/access")
        told.pop("release")
        text = json.dumps(told, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest(), told["rows"] == "all"

    def _tombstones(self) -> set[str]:
        found: set[str] = set()
        address: str | None = f"{self._root}/withdrawals"
        while address is not None:
            told = self._link.json(address)
            found |= {entry["digest"] for entry in told["withdrawals"]}
            address = told["next"]
        return found

    def _lost(self, digests: set[str]) -> Lost:
        def lost(key: tuple[Any, ...]) -> bool:
            text = "\x1f".join([self._dataset, *(_text(part) for part in key)])
            return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS] in digests

        return lost

    def _count(self, release: int) -> int | None:
        told = self._link.json(f"{self._root}/count", _release(release))
        return told["count"] if told["kind"] == "exact" else None


class _Odd:
    """Infinities and not-a-numbers of a release, for which JSON has no word: they are told as null there."""

    def __init__(self, link: Link, root: str, release: int, key: list[str]) -> None:
        self._link, self._root, self._release, self._key = link, root, release, key
        self._found: dict[str, dict[tuple[Any, ...], float]] = {}

    def put(self, rows: Iterable[dict[str, Any]], name: str, keys: pa.Schema) -> None:
        """Put the values of a column in their place in rows."""
        if name not in self._found:
            self._found[name] = self._asked(name)
        if not self._found[name]:
            return
        carry = carriers(keys)
        for row in rows:
            if row[name] is None:
                row[name] = self._found[name].get(tuple(carry[part](row[part]) for part in self._key))

    def _asked(self, name: str) -> dict[tuple[Any, ...], float]:
        """By key; not-a-number stands above every number."""
        found: dict[tuple[Any, ...], float] = {}
        for bound in (f"{name}__gt", f"{name}__lt"):
            value = repr(_LARGEST if bound.endswith("gt") else -_LARGEST)
            parameters = [("select", ",".join([*self._key, name])), (bound, value), *_release(self._release)]
            for page in walk(self._link, f"{self._root}/rows", parameters):
                columns = page.table.to_pydict()
                found |= zip(zip(*(columns[part] for part in self._key), strict=True), columns[name], strict=True)
                if len(found) > MOST_CHANGES:
                    raise _AnewError("too many values are no numbers")
        return found


def _release(release: int | None) -> Parameters:
    return [] if release is None else [("release", str(release))]


def _text(part: Any) -> str:
    """A part of a key as the gateway writes it. Raises _AnewError for a type whose text is not certain."""
    if isinstance(part, bool) or not isinstance(part, (str, int, date)) or hasattr(part, "hour"):
        raise _AnewError("the keys cannot be compared with the tombstones")
    return part.isoformat() if isinstance(part, date) else str(part)
