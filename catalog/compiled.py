"""The compiled catalog: what city, contracts and models say together, in the one file the gateway boots from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, ValidationError

from catalog.canonical import write_json
from catalog.city_codes import CityCodes
from catalog.columns import Deidentified, LevelStep
from catalog.contract.options import Classification, Extent, Level, Strict, Title
from catalog.errors import CatalogError
from catalog.policy.model import MaskKind, ScopeColumns
from catalog.service_requests import ServiceRequests

CATALOG_FILE = "catalog.json"
# Marks a row of a library model that was removed at its source.
DELETED = "is_deleted"
# Code of a government information resource: class (1 digit), item (2), category (3), sub-category, `/`, serial number.
RESOURCE_CODE = r"^[1-3][0-9]{5}[0-9]*/[0-9]+$"


def searched_columns(access: Iterable[tuple[str, ...]]) -> list[str]:
    """The columns that are searched for parts of their texts, among ways of access."""
    return [way[0].removeprefix("~") for way in access if len(way) == 1 and way[0].startswith("~")]


class DatasetMeta(Strict):
    """`meta.dataset` of a model: what is published or shared, under which key, for whom, by what rows are scoped.

    `access` are ways in which rows are often asked for: columns that are filtered by a value, then those that order
    what is left, with a hyphen where it descends. A single column with a tilde is searched for parts of its texts.
    Such pages of public columns are answered from an index.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    sharing: Extent
    opening: Extent
    key: tuple[str, ...] = Field(min_length=1)
    order: tuple[str, ...] = ()
    update_frequency: str
    themes: tuple[str, ...] = ()
    licence: str | None = None
    scope: ScopeColumns = ScopeColumns()
    gb_class: Classification = "general"
    resource_code: str | None = Field(None, pattern=RESOURCE_CODE)
    access: tuple[tuple[str, ...], ...] = ()


class CompiledColumn(Strict):
    """One column; `type` is its DuckDB type, `mask` how it is masked where only a mask of it may be seen.

    `computed_level` is the highest level of what it is made from; `deidentified` the step that lowers it to `level`;
    `path` (datasets only) the way from the feed column of the highest level to this one.
    """

    name: str
    type: str
    title: Title
    description: str
    level: Level
    nullable: bool
    mask: MaskKind | None = None
    quasi_identifier: bool = False
    sensitive: bool = False
    deidentified: Deidentified | None = None
    computed_level: Level | None = None
    path: tuple[LevelStep, ...] = ()


class CompiledModel(Strict):
    """One model of the library; `reads` names the relations it reads, such as `base.base_division`."""

    name: str
    layer: str
    title: Title
    grain: str
    level: Level
    owner: str | None
    group: str | None
    columns: tuple[CompiledColumn, ...]
    reads: tuple[str, ...]


class CompiledDataset(Strict):
    """One dataset. `key` identifies a row, `order` is the order it is served in unless asked otherwise.

    `layer` is the lake schema of its model; `is_marked` tells whether rows removed at the source stand in the model,
    marked, and so are no part of the dataset. `upstream` names all models it stands on, `feeds` the department feeds
    at the roots.
    """

    id: str
    model: str
    layer: str = "open"
    is_marked: bool = False
    title: Title
    description: str
    grain: str
    level: Level
    columns: tuple[CompiledColumn, ...]
    key: tuple[str, ...]
    order: tuple[str, ...]
    sharing: Extent
    opening: Extent
    publisher: Title
    owner: str | None
    licence: str
    frequency: str
    themes: tuple[str, ...]
    upstream: tuple[str, ...]
    feeds: tuple[str, ...]
    scope: ScopeColumns = ScopeColumns()
    resource_code: str | None = None
    access: tuple[tuple[str, ...], ...] = ()

    def column(self, name: str) -> CompiledColumn:
        """The column called `name`; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"dataset {self.id} has no column {name}")


class FeedTable(Strict):
    """One delivered table of a feed."""

    name: str
    relation: str
    title: Title
    grain: str
    delivery: str
    key: tuple[str, ...]


class CompiledFeed(Strict):
    """One department feed in short."""

    id: str
    title: Title
    version: str
    domain: str
    owner_org: str
    steward: str
    frequency: str | None
    tables: tuple[FeedTable, ...]


class CityInfo(Strict):
    """The city the catalog is of."""

    id: str
    title: Title
    country: str
    timezone: str
    area_code: str
    bbox: tuple[float, float, float, float]
    licence: str
    publisher: Title
    open311: ServiceRequests | None = None
    codes: CityCodes | None = None


class CompiledCatalog(Strict):
    """Everything the gateway knows about a release's datasets; datasets, models and feeds sorted by name."""

    city: CityInfo
    datasets: tuple[CompiledDataset, ...]
    models: tuple[CompiledModel, ...]
    feeds: tuple[CompiledFeed, ...]

    def dataset(self, name: str) -> CompiledDataset:
        """The dataset with id `name`; KeyError when there is none."""
        for dataset in self.datasets:
            if dataset.id == name:
                return dataset
        raise KeyError(f"the catalog has no dataset {name}")

    @classmethod
    def load(cls, path: Path) -> CompiledCatalog:
        """Reads a saved catalog; CatalogError when the file is missing or is none."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise CatalogError.one(path, "the file does not exist", "Publish the release again") from None
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise CatalogError.one(path, str(first["msg"]), "Publish the release again", key=key) from None

    def save(self, path: Path) -> None:
        """Writes canonical JSON: the same catalog is the same bytes."""
        write_json(self, path)


def is_published(column: str) -> bool:
    """Whether a column of a model is one of its dataset: the lake's bookkeeping stays behind."""
    return not column.startswith("_") and column != DELETED
