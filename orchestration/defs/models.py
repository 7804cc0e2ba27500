"""The dbt models as assets with their lineage, their tests as asset checks, built by dbt in the run's own process."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, build_dbt_asset_specs

from catalog.manifest import DbtManifest
from catalog.release import read_current, read_manifest
from expectations.results import record
from orchestration.breaches import tell_blocked
from orchestration.defs.checks import (
    asset_check,
    asset_check_result,
    check_name,
    library_specs,
    model_results,
    test_results,
)
from orchestration.defs.declared import declared_models
from orchestration.defs.session import LAKE, Progress, Session, team
from orchestration.defs.standing import Results, basis_of, earlier_results, remember_good
from orchestration.lake.threads import set_threads
from orchestration.transform.build import DbtRun, NodeResult, run_dbt
from orchestration.transform.messages import readable
from orchestration.transform.parsed import manifest_json
from orchestration.transform.standing import Build

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

REBUILD = "civiclake/rebuild"
_UNBUILT = frozenset({"skipped", "error"})


class CityTranslator(DagsterDbtTranslator):  # type: ignore[misc]  # dagster-dbt is untyped here
    """Names dbt nodes as assets: `<layer>/<model>`; a landed source is the feed that fills it."""

    def __init__(self, declared: DbtManifest) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))
        self._models = declared.models

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`accepted/<feed>`, `vocabulary` or `<layer>/<model>`."""
        if dbt_resource_props["resource_type"] != "source":
            return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])
        feed = _meta(dbt_resource_props).get("feed")
        return dg.AssetKey(["accepted", feed]) if feed else dg.AssetKey(["vocabulary"])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The layer of the library."""
        return str(dbt_resource_props["schema"])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        """The department that answers for the model."""
        owner = _meta(dbt_resource_props).get("owner")
        return [team(str(owner))] if owner else None

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """What the model says of itself."""
        return str(dbt_resource_props.get("description") or dbt_resource_props["name"])

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        """The level of the model, to be searched by."""
        level = _meta(dbt_resource_props).get("level")
        return {"level": str(level)} if level else {}

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """Dagster's own, the file that describes the model, and where the gateway serves what is made of it."""
        told = dict(super().get_metadata(dbt_resource_props))
        model = self._models.get(dbt_resource_props["unique_id"])
        if model is not None:
            told["file"] = dg.MetadataValue.path(str(model.file))
        dataset = _meta(dbt_resource_props).get("dataset")
        if dataset:
            told["gateway"] = dg.MetadataValue.text(f"/v1/datasets/{dataset['id']}")
        return told


def model_assets(session: Session) -> dg.AssetsDefinition:
    """All models of the assembled project as one multi-asset that can run in part."""
    raw = manifest_json(session.manifest)
    declared = declared_models(session)
    translator = CityTranslator(declared)
    keys = {key: translator.get_asset_key(raw["nodes"][key]) for key in declared.models}

    @dg.multi_asset(
        name="models",
        specs=build_dbt_asset_specs(manifest=raw, dagster_dbt_translator=translator),
        check_specs=_check_specs(declared, keys),
        can_subset=True,
        required_resource_keys={LAKE},
    )
    def models(context: dg.AssetExecutionContext) -> Iterator[Any]:
        con: DuckDBPyConnection = getattr(context.resources, LAKE)
        with session.writing():
            made = _library(context, session, con, declared, keys)
            record(con, context.run_id, [result for _, result in made.results], stands_from=made.stands_from)
            if made.basis is not None:
                remember_good(con, session, context.run_id, made.basis, made.results)
        results = [result for _, result in made.results]
        tell_blocked(session.workspace, f"{context.run_id}-models", results, session.now())
        for unique_id, metadata in made.models.items():
            yield dg.MaterializeResult(asset_key=keys[unique_id], metadata=metadata)
        wanted = context.selected_asset_check_keys
        for unique_id, result in made.results:
            if dg.AssetCheckKey(keys[unique_id], check_name(result.spec)) in wanted:
                yield asset_check_result(result, keys[unique_id], stands_from=made.stands_from)
        _require_built(session, made.run)

    return models


@dataclass(frozen=True)
class _Library:
    """What a run has of the library: metadata by model, upstream first, results, and what dbt did, if it was asked.

    `stands_from` is the run that built it, when nothing changed since; `basis` what a whole and good build stands on.
    """

    models: dict[str, dict[str, Any]]
    results: Results
    run: DbtRun
    stands_from: str | None = None
    basis: str | None = None


def _library(
    context: dg.AssetExecutionContext,
    session: Session,
    con: "DuckDBPyConnection",
    declared: DbtManifest,
    keys: Mapping[str, dg.AssetKey],
) -> _Library:
    """The models asked for, built and checked; or all of them as they stand, when a build could change nothing."""
    rebuild = context.run.tags.get(REBUILD) == "true"
    select = _selection(context, declared, keys)
    as_of = session.as_of(dict(context.run.tags), con)
    filled = _published_with_rows(session)
    basis = basis_of(session, con, as_of, filled)
    found = None if select or rebuild else earlier_results(con, declared, basis)
    if found is not None:
        return _standing(session, con, declared, *found)
    run = run_dbt(
        session.workspace,
        as_of=as_of,
        select=select,
        full_refresh=rebuild,
        progress=lambda node: session.tell(_progress(node)),
        lake=con,
    )
    set_threads(con, session.workspace)
    built = [node for node in run.nodes if node.unique_id in keys and node.status not in _UNBUILT]
    rows = _row_counts(con, declared, [node.unique_id for node in built])
    at = session.now().replace(tzinfo=None)
    results = test_results(declared, run.nodes, rows, at)
    if run.ok:  # written checks look across models: after a failure some of them are of yesterday
        results += model_results(con, declared, [node.unique_id for node in built], filled, at)
    models = {n.unique_id: {"seconds": round(n.seconds, 3), **_counted(rows, n.name)} for n in built}
    return _Library(models, results, run, basis=basis if run.ok and not select else None)


def _standing(
    session: Session, con: "DuckDBPyConnection", declared: DbtManifest, build: Build, results: Results
) -> _Library:
    session.tell(Progress("models", "library", f"stands as run {build.run_id} built and checked it"))
    rows = _row_counts(con, declared, list(declared.models))
    order = TopologicalSorter({key: model.depends_on for key, model in declared.models.items()}).static_order()
    models = {
        key: {"stands from run": build.run_id, **_counted(rows, declared.models[key].name)}
        for key in order
        if key in declared.models
    }
    return _Library(models, results, DbtRun(()), stands_from=build.run_id)


def _check_specs(manifest: DbtManifest, keys: Mapping[str, dg.AssetKey]) -> list[dg.AssetCheckSpec]:
    return [asset_check(spec, keys[key]) for key, spec in library_specs(manifest)]


def _published_with_rows(session: Session) -> set[str]:
    number = read_current(session.workspace)
    manifest = read_manifest(session.workspace, number) if number else None
    return {dataset.id for dataset in manifest.datasets if dataset.row_count} if manifest else set()


def _require_built(session: Session, run: DbtRun) -> None:
    broken = [node for node in run.nodes if node.resource_type == "model" and node.status == "error"]
    if broken:
        text = "\n".join(f"{node.name}: {readable(node.message, session.city)}" for node in broken)
        raise dg.Failure(f"{len(broken)} of the models could not be built:\n{text}", allow_retries=False)


def _selection(
    context: dg.AssetExecutionContext, manifest: DbtManifest, keys: Mapping[str, dg.AssetKey]
) -> tuple[str, ...]:
    """Names of the models asked for; empty, which means all, when nothing was left out."""
    wanted = [unique_id for unique_id, key in keys.items() if key in context.selected_asset_keys]
    return () if len(wanted) == len(keys) else tuple(manifest.models[unique_id].name for unique_id in wanted)


def _progress(node: NodeResult) -> Progress:
    return Progress("checks" if node.resource_type == "test" else "models", node.name, node.status)


def _counted(rows: Mapping[str, int], name: str) -> dict[str, int]:
    return {"dagster/row_count": rows[name]} if name in rows else {}


def _row_counts(con: "DuckDBPyConnection", manifest: DbtManifest, built: Sequence[str]) -> dict[str, int]:
    """Rows of every built table by model name, in one statement; the lake knows them without reading data."""
    models = [manifest.models[unique_id] for unique_id in built]
    tables = [f"SELECT '{m.name}', count(*) FROM lake.{m.layer}.{m.name}" for m in models if m.materialized != "view"]
    return {str(n): int(count) for n, count in con.execute(" UNION ALL ".join(tables)).fetchall()} if tables else {}


def _meta(node: Mapping[str, Any]) -> dict[str, Any]:
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}
