"""The compiled catalog: what city, contracts and models say together, in the one file the gateway boots from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from catalog.canonical import write_json
from catalog.contract.options import Extent, Level, Strict, Title
from catalog.errors import CatalogError
from catalog.policy.model import MaskKind, ScopeColumns

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.contract.model import FeedContract, Table
    from catalog.manifest import DbtManifest, DbtModel

CATALOG_FILE = "catalog.json"


class DatasetMeta(Strict):
    """`meta.dataset` of an open model: what is published, under which key and for whom."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    sharing: Extent
    opening: Extent
    key: tuple[str, ...] = Field(min_length=1)
    order: tuple[str, ...] = ()
    update_frequency: str
    themes: tuple[str, ...] = ()
    licence: str | None = None
    scope: ScopeColumns = ScopeColumns()


class CompiledColumn(Strict):
    """One column; `type` is its DuckDB type, `mask` how it is masked where only a mask of it may be seen."""

    name: str
    type: str
    title: Title
    description: str
    level: Level
    nullable: bool
    mask: MaskKind | None = None


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

    `upstream` names all models it stands on, `feeds` the department feeds at the roots.
    """

    id: str
    model: str
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


def compile_catalog(city: City, manifest: DbtManifest) -> CompiledCatalog:
    """The catalog of `city` as its models stand in `manifest`; CatalogError when a model breaks a catalog rule."""
    from catalog.rules import check_models

    problems = check_models(manifest)
    if problems:
        raise CatalogError(problems)
    models = sorted(manifest.models.values(), key=lambda model: model.name)
    datasets = [_dataset(city, manifest, model) for model in models if "dataset" in model.meta]
    described = ("id", "title", "country", "timezone", "area_code", "bbox", "licence", "publisher")
    return CompiledCatalog(
        city=CityInfo(**{name: getattr(city, name) for name in described}),
        datasets=tuple(sorted(datasets, key=lambda dataset: dataset.id)),
        models=tuple(_model(manifest, model) for model in models),
        feeds=tuple(_feed(feed) for _, feed in sorted(city.feeds.items())),
    )


def _dataset(city: City, manifest: DbtManifest, model: DbtModel) -> CompiledDataset:
    meta = DatasetMeta.model_validate(model.meta["dataset"])
    upstream = manifest.upstream(model.unique_id)
    landed = {manifest.sources[name].name for name in upstream if _is_landed(manifest, name)}
    return CompiledDataset(
        id=meta.id,
        model=model.name,
        title=Title.model_validate(model.meta["title"]),
        description=model.description,
        grain=model.grain,
        level=model.meta["level"],
        columns=_columns(model),
        key=meta.key,
        order=meta.order or meta.key,
        sharing=meta.sharing,
        opening=meta.opening,
        publisher=city.publisher,
        owner=model.meta.get("owner"),
        licence=meta.licence or city.licence,
        frequency=meta.update_frequency,
        themes=meta.themes,
        upstream=tuple(sorted(manifest.models[name].name for name in upstream if name in manifest.models)),
        feeds=tuple(sorted({feed.id for feed, table in city.tables() if table.physical_name in landed})),
        scope=meta.scope,
    )


def _is_landed(manifest: DbtManifest, name: str) -> bool:
    return name in manifest.sources and manifest.sources[name].schema == "landed"


def _columns(model: DbtModel) -> tuple[CompiledColumn, ...]:
    key: set[Any] = set((model.meta.get("dataset") or {}).get("key") or ())
    return tuple(
        CompiledColumn(
            name=column.name,
            type=(column.type or "").upper(),
            title=Title.model_validate(column.meta["title"]),
            description=column.description,
            level=column.meta["level"],
            nullable=not (column.required or column.name in key),
            mask=column.meta.get("mask"),
        )
        for column in model.columns.values()
    )


def _model(manifest: DbtManifest, model: DbtModel) -> CompiledModel:
    reads = []
    for name in model.depends_on:
        if name in manifest.models:
            reads.append(f"{manifest.models[name].layer}.{manifest.models[name].name}")
        elif name in manifest.sources:
            reads.append(f"{manifest.sources[name].schema}.{manifest.sources[name].name}")
    return CompiledModel(
        name=model.name,
        layer=model.layer,
        title=Title.model_validate(model.meta["title"]),
        grain=model.grain,
        level=model.meta["level"],
        owner=model.meta.get("owner"),
        group=model.meta.get("group"),
        columns=_columns(model),
        reads=tuple(sorted(reads)),
    )


def _feed(feed: FeedContract) -> CompiledFeed:
    frequency = next((s for s in feed.sla_properties if s.property == "frequency"), None)
    return CompiledFeed(
        id=feed.id,
        title=feed.options.title,
        version=feed.version,
        domain=feed.domain,
        owner_org=feed.options.owner_org,
        steward=feed.options.steward,
        frequency=f"{frequency.value}{frequency.unit or ''}" if frequency else None,
        tables=tuple(_table(table) for table in feed.tables),
    )


def _table(table: Table) -> FeedTable:
    return FeedTable(
        name=table.name,
        relation=f"landed.{table.physical_name}",
        title=table.options.title,
        grain=table.data_granularity_description,
        delivery=table.options.delivery,
        key=table.key,
    )
