"""A range of business dates: only days that were really pulled count, and the next run takes up from a failure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from catalog.city import City
from catalog.workspace import Workspace
from orchestration.defs import feeds
from orchestration.defs.session import RANGE_END, RANGE_START, Session
from orchestration.landing.days import first_open_day, pull_days, pulled_days
from orchestration.landing.pull import pull
from tests.orchestration import landing_city
from tests.orchestration.http_department import TOKEN, Department, department, status
from tests.orchestration.landing_city import DAYS, account, table

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


def test_days_for_which_a_folder_holds_nothing_cost_no_pull(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = {"kind": "folder", "pattern": r"\w+_(?P<date>\d{8})\.csv"}
    variant = {"source": source, "format": {"kind": "csv"}}
    city = landing_city.city(tmp_path, {"kind": "folder", "path": "drop"}, table("case", variant))
    days = [DAYS[0] + timedelta(days=n) for n in range(60)]
    drop = tmp_path / "drop"
    drop.mkdir()
    for day in (DAYS[0] - timedelta(days=2), days[30], days[59]):
        (drop / f"case_{day:%Y%m%d}.csv").write_text(f"id,text\n1,{day}\n", encoding="utf-8")
    one_by_one, together = Workspace(tmp_path / "one"), Workspace(tmp_path / "together")
    for day in days:
        pull(city, "feed", day, one_by_one)
    looks = list[date]()
    monkeypatch.setattr("orchestration.landing.days.pull", lambda *words: (looks.append(words[2]), pull(*words))[1])
    done = pull_days(city, "feed", days, together)
    assert account(together) == account(one_by_one)
    assert looks == [days[0], days[30], days[59]]
    assert [report.business_date for report in done.reports] == days
    assert pulled_days("feed", together) == set(days)
    # A file that comes late is a late batch, as it would be after sixty pulls.
    (drop / f"case_{days[7]:%Y%m%d}.csv").write_text("id,text\n2,late\n", encoding="utf-8")
    after = days[59] + timedelta(days=1)
    for workspace in (one_by_one, together):
        (batch,) = pull(city, "feed", after, workspace).batches
        assert batch.late_days == (after - days[7]).days
