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
    looks_at_own_texts,
    model_results,
    test_results,
)
from orchestration.defs.declared import declared_models
from orchestration.defs.session import LAKE, Progress, Session, team
from orchestration.defs.standing import Results, Standing, basis_of, remember_good, what_stands
from orchestration.lake.threads import set_threads
from orchestration.transform.build import DbtRun, NodeResult, run_dbt
from orchestration.transform.messages import readable
from orchestration.transform.parsed import manifest_json
from orchestration.transform.standing import Basis

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
            record(con, context.run_id, [result for _, result in made.results])
            if made.basis is not None:
                remember_good(con, session, context.run_id, made.basis, made.results)
        results = [result for _, result in made.results]
        tell_blocked(session.workspace, f"{context.run_id}-models", results, session.now())
        for unique_id, metadata in made.models.items():
            yield dg.MaterializeResult(asset_key=keys[unique_id], metadata=metadata)
        wanted = context.selected_asset_check_keys
        for unique_id, result in made.results:
            if dg.AssetCheckKey(keys[unique_id], check_name(result.spec)) in wanted:
                yield asset_check_result(result, keys[unique_id])
        _require_built(session, made.run)

    return models


@dataclass(frozen=True)
class _Library:
    """What a run has of the library: metadata by model, upstream first, results, and what dbt did, if it was asked.

    `basis` is what the library stands on when all of it is well.
    """

    models: dict[str, dict[str, Any]]
    results: Results
    run: DbtRun
    basis: Basis | None = None


def _library(
    context: dg.AssetExecutionContext,
    session: Session,
    con: "DuckDBPyConnection",
    declared: DbtManifest,
    keys: Mapping[str, dg.AssetKey],
) -> _Library:
    """The models asked for, built and checked; of all, those that news has reached, the others as they stand."""
    rebuild = context.run.tags.get(REBUILD) == "true"
    select = _selection(context, declared, keys)
    as_of = session.as_of(dict(context.run.tags), con)
    filled = _published_with_rows(session)
    basis = basis_of(session, con, as_of, filled)
    stands = None if select or rebuild else what_stands(session, con, declared, basis)
    if stands is not None and stands.whole:
        session.tell(Progress("models", "library", f"stands as run {stands.build.run_id} built and checked it"))
        return _Library(_described(con, declared, {}, stands), stands.results, DbtRun(()))
    if stands is None or stands.reached:
        run = run_dbt(
            session.workspace,
            as_of=as_of,
            select=[declared.name_of(key) for key in sorted(stands.reached)] if stands else select,
            with_their_tests=stands is None,
            full_refresh=rebuild,
            progress=lambda node: session.tell(_progress(node)),
            lake=con,
        )
        set_threads(con, session.workspace)
    else:
        run = DbtRun(())
    built = {node.unique_id: node for node in run.nodes if node.unique_id in keys and node.status not in _UNBUILT}
    models = _described(con, declared, built, stands)
    rows = {declared.models[key].name: told["dagster/row_count"] for key, told in models.items() if len(told) > 1}
    at = session.now().replace(tzinfo=None)
    results = test_results(declared, run.nodes, rows, at)
    kept = _kept(declared, stands) if stands else []
    results += kept
    if run.ok:  # most written checks look across models: after a failure some of them are of yesterday
        stand = {(model, result.spec.rule) for model, result in kept}
        results += model_results(con, declared, list(models), filled, at, stand=stand)
    return _Library(models, results, run, basis if run.ok and not select else None)


def _kept(declared: DbtManifest, stands: Standing) -> Results:
    """Results that stand: of dbt tests no news reached, and of checks of nothing but rows of a model that stands."""
    standing = {(str(test.model), test.name) for key, test in declared.tests.items() if key not in stands.reached}
    for key, model in declared.models.items():
        if key not in stands.reached:
            standing |= {(key, rule) for rule in looks_at_own_texts(model)}
    return [(model, result) for model, result in stands.results if (model, result.spec.rule) in standing]


def _described(
    con: "DuckDBPyConnection", declared: DbtManifest, built: Mapping[str, NodeResult], stands: Standing | None
) -> dict[str, dict[str, Any]]:
    """Metadata of the models that were built, and of those that stand, upstream first."""
    there = [*declared.models] if stands else [*built]
    rows = _row_counts(con, declared, there)
    graph = {key: set(declared.models[key].depends_on).intersection(there) for key in there}
    found = dict[str, dict[str, Any]]()
    for key in TopologicalSorter(graph).static_order():
        if key in built:
            found[key] = {"seconds": round(built[key].seconds, 3)}
        elif stands:
            found[key] = {"stands from run": stands.build.run_id}
        found[key] |= _counted(rows, declared.models[key].name)
    return found


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
