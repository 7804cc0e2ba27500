"""A range of business dates: only days that were really pulled count, and the next run takes up from a failure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from catalog.city import City
from catalog.workspace import Workspace
from orchestration.defs import feeds
from orchestration.defs.session import RANGE_END, RANGE_START, Session
from orchestration.landing.days import first_open_day, pulled_days
from tests.orchestration import landing_city
from tests.orchestration.http_department import TOKEN, Department, department, status
from tests.orchestration.landing_city import DAYS, table

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")


@pytest.fixture
def served() -> Iterator[Department]:
    with department({day.isoformat(): [{"id": 1, "text": f"{day}"}] for day in DAYS[::2]}) as made:
        yield made


@pytest.fixture
def session(served: Department, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    transport = {"kind": "http", "base_url": served.url, "token": TOKEN, "allow_private": True}
    variant = {"source": {"kind": "http", "path": "things"}, "format": {"kind": "json", "items": "items"}}
    city: City = landing_city.city(tmp_path, transport, table("thing", variant), retry={"attempts": 1})
    monkeypatch.setattr(feeds, "_RETRY", dg.RetryPolicy(max_retries=0))
    return Session(city, Workspace(tmp_path / "home"), tmp_path / "manifest.json")


def land(session: Session, first: date, last: date) -> tuple[list[str | None], dg.AssetCheckEvaluation]:
    """Materialized partitions and the check of one run over a range of days."""
    tags = {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}
    asset = feeds.landing_asset(session, session.city.feeds["feed"])
    done = dg.materialize([asset], tags=tags, raise_on_error=True)
    (check,) = done.get_asset_check_evaluations()
    return sorted(e.partition for e in done.get_asset_materialization_events()), check


def test_only_pulled_days_are_materialized_and_the_next_run_takes_up_from_the_failed_one(
    session: Session, served: Department
) -> None:
    days = [day.isoformat() for day in DAYS]
    served.faults.extend([served.page, status(404)])
    found, check = land(session, DAYS[0], DAYS[2])
    assert found == days[:1]
    assert (check.passed, check.metadata["failed day"].value) == (False, days[1])
    assert str(check.description).startswith(days[1])
    assert pulled_days("feed", session.workspace) == {DAYS[0]}
    assert first_open_day(session.city, session.workspace) == DAYS[1]
    # Only the last day is asked for, as the daily schedule does: the failed one comes with it.
    found, check = land(session, DAYS[2], DAYS[2])
    assert (found, check.passed) == (days[1:], True)
    assert [query["updated_since"][:10] for query in served.requests] == [*days[:2], *days[1:]]
    assert pulled_days("feed", session.workspace) == set(DAYS)
