"""The release as an asset: the last step of a run, and the only one the gateway sees."""

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from catalog.compiler import compile_catalog
from catalog.manifest import DbtManifest
from orchestration.breaches import tell_unpublished
from orchestration.defs.declared import declared_models
from orchestration.defs.feeds import city_freshness
from orchestration.defs.session import LAKE, Progress, Session, city_owners
from orchestration.release.errors import PublishBlockedError, UnreadFeedsError
from orchestration.release.gate import require_read
from orchestration.release.policy import apply_policy
from orchestration.release.publish import Publication, publish
from orchestration.transform.build import run_dbt
from orchestration.transform.lineage import kept_lineage

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FORCE = "civiclake/force_release"
RELEASE = dg.AssetKey(["release"])


def release_asset(session: Session, datasets: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """`release`: published atomically from the open models, or blocked with the reasons."""

    @dg.asset(
        key=RELEASE,
        deps=datasets,
        group_name="release",
        owners=city_owners(session.city),
        freshness_policy=city_freshness(session.city),
        kinds={"duckdb", "parquet", "csv"},
        required_resource_keys={LAKE},
        description="The numbered, immutable release that the gateway serves.",
    )
    def release(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        con: DuckDBPyConnection = getattr(context.resources, LAKE)
        session.tell(Progress("release", "files", "writing"))
        with session.writing():
            as_of = session.as_of(dict(context.run.tags), con)
            _require_read(session, as_of)
            manifest = _compiled(session, as_of)
            lineage = kept_lineage(session.workspace, manifest, session.city)
            catalog = compile_catalog(session.city, manifest, lineage)
            # Before the release: what it shows anew or more strictly is already governed when it is served.
            apply_policy(session.city, session.workspace, catalog.datasets)
            try:
                made = publish(
                    session.workspace,
                    con,
                    catalog,
                    lineage,
                    run_id=context.run_id,
                    as_of=as_of,
                    at=session.now(),
                    force=context.run.tags.get(FORCE) == "true",
                )
            except PublishBlockedError as blocked:
                session.tell(Progress("release", "blocked", str(blocked)))
                tell_unpublished(session.workspace, f"{context.run_id}-release", blocked.failures, session.now())
                raise dg.Failure(str(blocked), allow_retries=False) from blocked
        session.tell(Progress("release", f"{made.manifest.number:04d}", made.outcome))
        return dg.MaterializeResult(metadata=_metadata(session, made))

    return release


def _require_read(session: Session, as_of: date) -> None:
    try:
        require_read(session.city, session.workspace, as_of)
    except UnreadFeedsError as unread:
        session.tell(Progress("release", "waits", f"never read so far: {', '.join(unread.feeds)}"))
        raise dg.Failure(str(unread), allow_retries=False) from unread


def _compiled(session: Session, as_of: date) -> DbtManifest:
    """The manifest with the SQL of every model: what lineage is read from. A build of all models leaves it so."""
    manifest = declared_models(session)
    if any(model.compiled_code is None for model in manifest.models.values()):
        run_dbt(session.workspace, "compile", as_of=as_of)
        manifest = declared_models(session)
    return manifest


def _metadata(session: Session, made: Publication) -> dict[str, dg.MetadataValue]:
    manifest = made.manifest
    folder = session.workspace.releases / f"{manifest.number:04d}"
    return {
        "outcome": dg.MetadataValue.text(made.outcome),
        "number": dg.MetadataValue.int(manifest.number),
        "content hash": dg.MetadataValue.text(manifest.content_hash),
        "lake snapshot": dg.MetadataValue.int(manifest.lake_snapshot),
        "dagster/row_count": dg.MetadataValue.int(sum(dataset.row_count for dataset in manifest.datasets)),
        "rows": dg.MetadataValue.json({dataset.id: dataset.row_count for dataset in manifest.datasets}),
        "manifest": dg.MetadataValue.path(str(folder / "release.json")),
        "catalog": dg.MetadataValue.path(str(folder / "catalog.json")),
        "quality": dg.MetadataValue.path(str(folder / "quality.json")),
        "verify": dg.MetadataValue.text(f"civiclake release verify {manifest.number} --city {session.city.root}"),
    }
