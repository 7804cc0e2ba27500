"""A first release waits for every feed; what stops a run is said in words that help."""

from __future__ import annotations

import sys
import warnings
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._utils.error import serializable_error_info_from_exc_info

from catalog.city import City, load_city
from catalog.errors import CatalogError
from catalog.release import list_releases
from catalog.workspace import Workspace
from orchestration.cli.exits import ExitCode
from orchestration.cli.init import write_city
from orchestration.cli.run import exit_code, print_report
from orchestration.defs.feeds import landing_asset
from orchestration.defs.release import release_asset
from orchestration.defs.session import LAKE, RANGE_END, RANGE_START, Session
from orchestration.lake.connect import open_lake
from orchestration.landing.days import never_read
from orchestration.landing.ledger import Ledger
from orchestration.outcome import outcome_of, problems_of, said
from orchestration.release.errors import UnreadFeedsError
from orchestration.release.gate import require_read
from orchestration.run import FeedReport, RunReport, feed_reports
from orchestration.transform.errors import TransformError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DROP = "TOWN_DROP"
DAY = date(2026, 1, 5)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> City:
    """A city whose one feed is where an environment variable says, which is not set."""
    root = tmp_path_factory.mktemp("city") / "town"
    write_city(root, "town", "Asia/Shanghai")
    contract = root / "feeds" / "permits.odcs.yaml"
    contract.write_text(contract.read_text("utf-8").replace("path: inbox", f'path: "${{{DROP}}}"'), "utf-8")
    return load_city(root)


def test_an_unset_variable_makes_no_first_release(
    town: City, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DROP, raising=False)
    session, feed = Session(town, Workspace(tmp_path), tmp_path / "not asked for"), town.feeds["permits"]
    day = feed.options.start_date
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        steps = [landing_asset(session, feed), release_asset(session, [dg.AssetKey(["landing", "permits"])])]
    tags = {RANGE_START: day.isoformat(), RANGE_END: day.isoformat()}
    result = dg.materialize(steps, resources={LAKE: session.lake()}, tags=tags, raise_on_error=False)
    with open_lake(session.workspace) as con:
        found = outcome_of(con, result, waits=bool(never_read(town, session.workspace, day)))
    outcome, number, reasons = found
    assert (outcome, number, list_releases(session.workspace)) == ("unread", None, [])
    feeds = feed_reports(town, (), problems_of(result), never_read(town, session.workspace, day))
    report = RunReport("run", day, day, 1.0, feeds, 0, 0, 0, outcome, None, reasons)
    print_report(report)
    assert exit_code(report) == ExitCode.ENVIRONMENT
    told, warned = capsys.readouterr()
    assert "No release yet" in told
    assert f"permits has never been read: {day}: " in warned
    assert f"variable {DROP} is not set. Set {DROP} for the process" in warned
    assert "release: the first release waits until every feed has been read once" in warned
    assert "last good state" not in warned


@pytest.mark.parametrize(
    ("closed", "opened", "begins", "released", "waits"),
    [
        ([], [], DAY, False, True),
        ([], [DAY], DAY, False, True),
        ([DAY], [], DAY, False, False),
        ([DAY], [DAY + timedelta(days=1)], DAY, False, False),
        ([], [], DAY + timedelta(days=1), False, False),
        ([], [], DAY, True, False),
    ],
    ids=["never asked", "failed", "read", "read, then failed", "begins later", "there is a release"],
)
def test_what_the_first_release_waits_for(
    town: City, tmp_path: Path, closed: list[date], opened: list[date], begins: date, released: bool, waits: bool
) -> None:
    workspace, feed = Workspace(tmp_path), town.feeds["permits"]
    options = feed.options.model_copy(update={"start_date": begins})
    city = town.model_copy(update={"feeds": {"permits": feed.model_copy(update={"options": options})}})
    with Ledger(workspace) as ledger:
        for day in closed:
            ledger.close_pull(ledger.open_pull("permits", day, "1"))
        for day in opened:
            ledger.open_pull("permits", day, "1")
    if released:
        (workspace.releases / "0001").mkdir(parents=True)
        (workspace.releases / "0001" / "release.json").write_text("{}", encoding="utf-8")
    if not waits:
        require_read(city, workspace, DAY)
        return
    with pytest.raises(UnreadFeedsError, match="never read so far: permits"):
        require_read(city, workspace, DAY)


@pytest.mark.parametrize(
    ("outcome", "problem", "never_read", "code", "text"),
    [
        ("unread", "no answer", True, ExitCode.ENVIRONMENT, "permits has never been read: no answer"),
        ("published", "no answer", False, ExitCode.DATA, "could not be read, its last good state stays: no answer"),
        ("published", "no answer", True, ExitCode.DATA, "permits has never been read: no answer"),
        ("published", None, False, ExitCode.OK, ""),
        ("blocked", "no answer", False, ExitCode.BLOCKED, "its last good state stays"),
    ],
)
def test_exit_code_and_words_of_a_source_not_read(
    capsys: pytest.CaptureFixture[str], outcome: str, problem: str | None, never_read: bool, code: ExitCode, text: str
) -> None:
    feed = FeedReport("permits", 0, 0, 0, 0, 0, 0, 0, 0, (), problem, never_read)
    report = RunReport("run", DAY, DAY, 1.0, (feed,), 0, 0, 0, outcome, None, ())
    print_report(report)
    assert exit_code(report) == code
    assert text in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (CatalogError.one(Path("a.yml"), "not a date", "Write one", line=3), "a.yml:3: not a date. Write one"),
        (TransformError("a.sql: no interface: see the list"), "a.sql: no interface: see the list"),
        (KeyError("title"), "KeyError: 'title'"),
    ],
)
def test_only_errors_that_are_not_ours_show_their_class(error: Exception, text: str) -> None:
    try:
        raise error
    except type(error):
        assert said(serializable_error_info_from_exc_info(sys.exc_info())) == text
