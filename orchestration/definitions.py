"""The Dagster definitions of one city: `build_defs` makes them, `defs` is what `dagster dev` loads."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.defs.automation import city_job, daily_schedule, new_file_sensor
from orchestration.defs.declared import require_sound_models
from orchestration.defs.feeds import accepted_asset, landing_asset, vocabulary_asset
from orchestration.defs.models import model_assets
from orchestration.defs.release import release_asset
from orchestration.defs.session import LAKE, Session


def build_defs(session: Session) -> dg.Definitions:
    """All assets, checks, jobs, schedules and sensors of the session's city; reads its parsed dbt project.

    CatalogError when a model breaks a rule of the catalog: nothing is built that could not be published.
    """
    with warnings.catch_warnings():
        # Single-run backfills and check selections are "beta" in Dagster: its version is pinned, tests cover them.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return _definitions(session)


def _definitions(session: Session) -> dg.Definitions:
    require_sound_models(session)
    feeds = list(session.city.feeds.values())
    models = model_assets(session)
    released = [key for key in models.keys if key.path[0] in ("topic", "theme", "open", "withdrawal")]
    job: Any = city_job()
    sensors = [new_file_sensor(session, feed, job) for feed in feeds]
    return dg.Definitions(
        assets=[
            vocabulary_asset(session),
            *(landing_asset(session, feed) for feed in feeds),
            *(accepted_asset(session, feed) for feed in feeds),
            models,
            release_asset(session, released),
        ],
        jobs=[job],
        schedules=[daily_schedule(session, job)],
        sensors=[sensor for sensor in sensors if sensor is not None],
        resources={LAKE: session.lake()},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The city of CIVICLAKE_CITY with its state in CIVICLAKE_HOME; assembles and parses its dbt project first."""
    from catalog.city import load_city
    from catalog.workspace import Workspace
    from orchestration.run import prepare

    missing = [name for name in ("CIVICLAKE_CITY", "CIVICLAKE_HOME") if not os.environ.get(name)]
    if missing:
        raise RuntimeError(f"{' and '.join(missing)} not set. Start the user interface with `civiclake serve`")
    city = load_city(Path(os.environ["CIVICLAKE_CITY"]))
    return build_defs(prepare(city, Workspace(Path(os.environ["CIVICLAKE_HOME"]).absolute())))
