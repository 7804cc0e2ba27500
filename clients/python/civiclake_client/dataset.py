"""One dataset: what it is, its rows, groups and counts, its files, and a copy of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from civiclake_client.download import Download
from civiclake_client.filters import Right, conditions, names
from civiclake_client.link import Link
from civiclake_client.progress import Progress, shown
from civiclake_client.result import Result, walk
from civiclake_client.sync import Copy, Synced


@dataclass(frozen=True)
class Count:
    """How many rows there are. `value` is None where it is too small to be told; `kind` is `exact` or `estimate`."""

    value: int | None
    kind: str | None
    release: int


class Dataset:
    """A dataset by its id. Nothing is asked before a method is called."""

    def __init__(self, link: Link, name: str) -> None:
        self._link = link
        self.id = name
        self._root = f"/v1/datasets/{quote(name, safe='')}"

    def describe(self, release: int | None = None) -> dict[str, Any]:
        """Titles, licence, key, columns with their types and operators, files with size and sha256."""
        return self._link.json(self._root, _pinned(release))

    def access(self) -> dict[str, Any]:
        """What you see of it and why, and how to get more."""
        return self._link.json(f"{self._root}/access")

    def rows(
        self,
        where: Mapping[str, Right] | None = None,
        *,
        select: str | Iterable[str] | None = None,
        order: str | Iterable[str] | None = None,
        limit: int | None = None,
        release: int | None = None,
        **filters: Right,
    ) -> Result:
        """Rows that meet all conditions, `column=value` or `column__operator=value`, read page by page to the end.

        `order` puts `-` before a descending column; `limit` is the most rows of all. A column named like one of these
        is asked in `where`. The walk stays on one release.
        """
        given = _given(_all(where, filters), select=select, order=order)
        return Result(partial(walk, self._link, f"{self._root}/rows", [*given, *_pinned(release)], limit))

    def aggregate(
        self,
        measure: str | Iterable[str] = "count",
        group: str | Iterable[str] | None = None,
        where: Mapping[str, Right] | None = None,
        *,
        having: Mapping[str, Right] | None = None,
        order: str | Iterable[str] | None = None,
        limit: int | None = None,
        release: int | None = None,
        **filters: Right,
    ) -> Result:
        """Groups by columns or spans of time (`opened_on__month`), with measures (`count`, `fine__sum`).

        `having` are conditions on names of the answer. `withheld` of the result says whether small groups were left
        out.
        """
        given = _given(_all(where, filters), measure=measure, group=group, order=order)
        given += [("having", f"{name}={text}") for name, text in conditions(having or {})]
        return Result(partial(walk, self._link, f"{self._root}/aggregate", [*given, *_pinned(release)], limit))

    def count(self, where: Mapping[str, Right] | None = None, *, release: int | None = None, **filters: Right) -> Count:
        """How many rows meet the conditions."""
        given = _given(_all(where, filters))
        found = self._link.json(f"{self._root}/count", [*given, *_pinned(release)])
        return Count(found["count"], found["kind"], found["release"])

    def download(
        self, name: str, path: str | Path, *, release: int | None = None, progress: Progress | bool = False
    ) -> Path:
        """Fetch a file of the dataset to a path, or into a folder under its own name; a file that is there and right
        is kept.

        What broke off goes on where it was, also in a later call: until the end the file is `path.part`. It is checked
        against the sha256 that the catalogue tells. `progress` is a function of bytes done and bytes in all, or True
        for a bar.
        """
        target = Path(path)
        with shown(progress, name) as tell:
            return Download(
                self._link, self.id, name, target / name if target.is_dir() else target, release, tell
            ).run()

    def sync(self, folder: str | Path) -> Synced:
        """Make and keep a copy, `{id}.parquet` in a folder, equal to the current release as you see it.

        The first time and whenever it must be everything is fetched, else what changed since. The rows are in no
        particular order. One call at a time for a folder.
        """
        return Copy(self._link, self.id, Path(folder)).sync()


def _all(where: Mapping[str, Right] | None, filters: Mapping[str, Right]) -> dict[str, Right]:
    twice = sorted((where or {}).keys() & filters.keys())
    if twice:
        raise ValueError(f"`{twice[0]}` is given twice.")
    return {**(where or {}), **filters}


def _given(where: Mapping[str, Right], **named: str | Iterable[str] | None) -> list[tuple[str, str]]:
    found = [(name, names(value)) for name, value in named.items() if value is not None]
    return [*found, *conditions(where)]


def _pinned(release: int | None) -> list[tuple[str, str]]:
    return [] if release is None else [("release", str(release))]
