"""When what a caller sees of a dataset last changed: told from the releases that were served, not from what is hidden.

A dataset is unchanged across releases when a public file of exactly the columns the caller sees, every row of it, has
the same bytes in both, and what is told of the dataset and these columns is the same. Nothing else is compared: were
hidden rows or columns, their change would be told. Where no file shows all that the caller sees, each switch counts.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from catalog.compiled import CATALOG_FILE, CompiledCatalog, CompiledDataset
from catalog.errors import CatalogError
from catalog.release import read_manifest, release_folder
from catalog.switches import readable_releases, switches
from catalog.workspace import Workspace
from gateway.release.opened import OpenRelease
from gateway.view.view import View

_Told = dict[str, tuple[CompiledDataset, dict[str, str]]]


class History:
    """The releases served before and up to one, read as far back as somebody asks. Blocks on files."""

    def __init__(self, workspace: Workspace, release: OpenRelease) -> None:
        self._workspace = workspace
        self._release = release
        self._switches = self._until_now()
        self._past: dict[int, _Told | None] = {}

    def modified(self, view: View) -> datetime:
        """The moment of the switch with which the dataset became as the caller sees it now."""
        found, *earlier = self._switches
        file = self._whole_file(view)
        if file is None:
            return found[0]
        now = self._state(self._release.number, view, file)
        for moment, number in earlier:
            if now is None or self._state(number, view, file) != now:
                break
            found = (moment, number)
        return found[0]

    def previous(self, dataset: str) -> int | None:
        """Number of the release before in which the dataset can be read."""
        earlier = [n for n in readable_releases(self._workspace, self._release.number) if n < self._release.number]
        told = self._told_in(earlier[-1]) if earlier else None
        return earlier[-1] if told is not None and dataset in told else None

    def _until_now(self) -> list[tuple[datetime, int]]:
        """Moments and numbers of switches, the newest first; that of the release itself where the log knows none."""
        manifest = self._release.manifest
        found = [(datetime.fromisoformat(line.at), line.number) for line in reversed(switches(self._workspace))]
        while found and found[0][1] != manifest.number:
            found.pop(0)  # switched to after this release was opened
        zone = ZoneInfo(self._release.catalog.city.timezone)  # a moment without an offset is on the city's clocks
        return [
            (moment if moment.tzinfo else moment.replace(tzinfo=zone), number)
            for moment, number in found or [(manifest.published_at, manifest.number)]
        ]

    def _whole_file(self, view: View) -> str | None:
        """Name of a released file that holds the columns of the view and no others."""
        columns = {column.name for column in view.columns}
        return next((file.name for file in view.distributions if set(file.columns) == columns), None)

    def _state(self, number: int, view: View, file: str) -> Hashable | None:
        """What is told of a dataset in a release, with the digest of the file; None when it was not there."""
        told = self._told_in(number)
        if told is None or view.dataset not in told:
            return None
        entry, files = told[view.dataset]
        if file not in files:
            return None
        shown = {column.name for column in view.columns}
        columns = tuple((c.name, c.type, c.title, c.description) for c in entry.columns if c.name in shown)
        facts = (entry.title, entry.description, entry.licence, entry.publisher, entry.frequency, entry.themes)
        return (files[file], facts, entry.owner, entry.sharing, entry.opening, entry.resource_code, columns)

    def _told_in(self, number: int) -> _Told | None:
        if number not in self._past:
            self._past[number] = self._read(number)
        return self._past[number]

    def _read(self, number: int) -> _Told | None:
        """Datasets of a release with the digests of their files; None when it is gone or cannot be read."""
        if number == self._release.number:
            manifest, catalog = self._release.manifest, self._release.catalog
        else:
            try:
                manifest = read_manifest(self._workspace, number)
                catalog = CompiledCatalog.load(release_folder(self._workspace, number) / CATALOG_FILE)
            except CatalogError:
                return None
        return dict(_told(catalog, {d.id: {f.name: f.sha256 for f in d.distributions} for d in manifest.datasets}))


def _told(
    catalog: CompiledCatalog, files: dict[str, dict[str, str]]
) -> Iterator[tuple[str, tuple[CompiledDataset, dict[str, str]]]]:
    for entry in catalog.datasets:
        yield entry.id, (entry, files.get(entry.id, {}))
