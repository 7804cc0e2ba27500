"""The dataset of a city that holds its service requests, and which of its columns play which part in Open311."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from catalog.contract.options import Strict
from catalog.errors import Problem
from catalog.validate import nearest

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.compiled import CompiledDataset

_TEXT, _TIME = ("VARCHAR", "TEXT"), ("DATE", "TIMESTAMP")


class ServiceRequests(Strict):
    """Columns by their parts; those that may be missing are optional. A request whose `status` is one of `closed` is
    closed, any other is open. Its number is the key of the dataset, its place its columns lon and lat."""

    dataset: str
    service_code: str
    service_name: str | None = None
    group: str | None = None
    status: str
    closed: tuple[str, ...] = Field(min_length=1)
    status_notes: str | None = None
    requested: str
    updated: str | None = None
    expected: str | None = None
    description: str | None = None
    address: str | None = None
    agency: str | None = None

    @property
    def columns(self) -> dict[str, str]:
        """Columns by the parts they play."""
        found = self.model_dump(exclude={"dataset", "closed"}, exclude_none=True)
        return {part: str(name) for part, name in found.items()}


def check_service_requests(city: City, datasets: Sequence[CompiledDataset]) -> list[Problem]:
    """Faults of what `city.yml` says under `open311`: datasets and columns there are none of, or of other types."""
    if city.open311 is None:
        return []
    return [
        Problem(city.root / "city.yml", None, key, text, mend) for key, text, mend in _faults(city.open311, datasets)
    ]


def _faults(said: ServiceRequests, datasets: Sequence[CompiledDataset]) -> Iterator[tuple[str, str, str]]:
    found = next((dataset for dataset in datasets if dataset.id == said.dataset), None)
    if found is None:
        names = [dataset.id for dataset in datasets]
        yield "open311.dataset", f"there is no dataset `{said.dataset}`", nearest(said.dataset, names)
        return
    types = {column.name: column.type for column in found.columns}
    for part, name in said.columns.items():
        wanted = _TIME if part in ("requested", "updated", "expected") else _TEXT
        if name not in types:
            yield f"open311.{part}", f"`{said.dataset}` has no column `{name}`", nearest(name, list(types))
        elif types[name] not in wanted:
            yield f"open311.{part}", f"`{name}` is {types[name]}", f"Name a column of type {' or '.join(wanted)}"
