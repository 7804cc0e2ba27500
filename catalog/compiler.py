"""Compiles the catalog: city, contracts and models, checked, become the one file the gateway boots from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.city_codes import check_city_codes
from catalog.columns import ColumnMeta
from catalog.compiled import (
    DELETED,
    CityInfo,
    CompiledCatalog,
    CompiledColumn,
    CompiledDataset,
    CompiledFeed,
    CompiledModel,
    DatasetMeta,
    FeedTable,
    is_published,
)
from catalog.contract.options import Title
from catalog.errors import CatalogError
from catalog.levels import ColumnLevel, check_levels, flow_levels
from catalog.lineage import ColumnLineage, Ref, column_lineage
from catalog.rules import check_models
from catalog.service_requests import check_service_requests

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.contract.model import FeedContract, Table
    from catalog.manifest import DbtManifest, DbtModel

Levels = dict[Ref, ColumnLevel]


def compile_catalog(city: City, manifest: DbtManifest, lineage: ColumnLineage | None = None) -> CompiledCatalog:
    """The catalog of `city` as its models stand in `manifest`, whose SQL has been compiled.

    CatalogError when a model breaks a catalog rule, or shows data below the level of what it is made from.
    """
    lineage = lineage or column_lineage(manifest, city)
    levels = flow_levels(manifest, city, lineage)
    problems = check_models(manifest) or check_levels(manifest, lineage, levels)
    if problems:
        raise CatalogError(problems)
    models = sorted(manifest.models.values(), key=lambda model: model.name)
    datasets = [_dataset(city, manifest, model, levels) for model in models if "dataset" in model.meta]
    problems = [*check_service_requests(city, datasets), *check_city_codes(city, datasets)]
    if problems:
        raise CatalogError(problems)
    described = ("id", "title", "country", "timezone", "area_code", "bbox", "licence", "publisher", "open311", "codes")
    return CompiledCatalog(
        city=CityInfo(**{name: getattr(city, name) for name in described}),
        datasets=tuple(sorted(datasets, key=lambda dataset: dataset.id)),
        models=tuple(_model(manifest, model, levels) for model in models),
        feeds=tuple(_feed(feed) for _, feed in sorted(city.feeds.items())),
    )


def compile_datasets(city: City, manifest: DbtManifest) -> tuple[CompiledDataset, ...]:
    """The datasets alone, of models whose SQL need not be compiled: their columns have no computed level, no path.

    CatalogError when a model breaks a catalog rule.
    """
    problems = check_models(manifest)
    if problems:
        raise CatalogError(problems)
    models = sorted(manifest.models.values(), key=lambda model: model.name)
    return tuple(_dataset(city, manifest, model, {}) for model in models if "dataset" in model.meta)


def _dataset(city: City, manifest: DbtManifest, model: DbtModel, levels: Levels) -> CompiledDataset:
    meta = DatasetMeta.model_validate(model.meta["dataset"])
    upstream = manifest.upstream(model.unique_id)
    landed = {manifest.sources[name].name for name in upstream if _is_landed(manifest, name)}
    return CompiledDataset(
        id=meta.id,
        model=model.name,
        layer=model.layer,
        is_marked=DELETED in model.columns,
        title=Title.model_validate(model.meta["title"]),
        description=model.description,
        grain=model.grain,
        level=model.meta["level"],
        columns=tuple(_column(model, name, levels, path=True) for name in model.columns if is_published(name)),
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
        resource_code=meta.resource_code,
        access=meta.access,
    )


def _is_landed(manifest: DbtManifest, name: str) -> bool:
    return name in manifest.sources and manifest.sources[name].schema == "landed"


def _column(model: DbtModel, name: str, levels: Levels, *, path: bool = False) -> CompiledColumn:
    column, flowed = model.columns[name], levels.get((f"{model.layer}.{model.name}", name))
    meta = ColumnMeta.model_validate(dict(column.meta))
    return CompiledColumn(
        name=name,
        type=(column.type or "").upper(),
        title=meta.title,
        description=column.description,
        level=meta.level,
        nullable=not (column.required or name in (model.meta.get("dataset") or {}).get("key", ())),
        mask=meta.mask,
        quasi_identifier=meta.quasi_identifier,
        sensitive=meta.sensitive,
        deidentified=meta.deidentified,
        computed_level=flowed.computed if flowed else None,
        path=flowed.path if flowed and path else (),
    )


def _model(manifest: DbtManifest, model: DbtModel, levels: Levels) -> CompiledModel:
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
        columns=tuple(_column(model, name, levels) for name in model.columns),
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
