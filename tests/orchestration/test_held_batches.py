"""Held batches: a steward approves, dismisses or reopens them, and what came again since is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from catalog.city import load_city
from catalog.workspace import Workspace
from orchestration.cli.exits import ExitCode
from orchestration.cli.init import write_city
from orchestration.cli.main import app
from orchestration.cli.run import print_report
from orchestration.lake.connect import open_lake
from orchestration.lake.schema import ensure_ops
from orchestration.lake.vocabulary import load_vocabulary
from orchestration.landing.pull import pull
from orchestration.reading.decisions import NotHeldError, approved_batches, decisions, dismiss, reopen
from orchestration.reading.load import load_feed
from orchestration.reading.superseded import superseded
from orchestration.release.quality import quality_report
from orchestration.run import FeedReport, RunReport, feed_reports
from tests.orchestration.reading_city import CSV, DAY, Town, column, contract, table

KEYED = [column("id", key=1), column("n", "BIGINT")]
BAD_BYTES = b"id,n\n1,\xff\n"
NOTHING_LOST = "SELECT rows_in, rows_accepted, rows_quarantined FROM ops.batch WHERE batch_id = ?"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    limits = {"max_bad_share": 0.1, "bad_share_min_rows": 4}
    made = Town(tmp_path, contract(table("thing", KEYED), batch=limits))
    yield made
    made.con.close()


def hold_too_many_bad(town: Town) -> str:
    (batch,) = town.deliver({"a.csv": "id,n\n1,1\n2,2\n3,x\n4,x\n"})
    town.load()
    return batch


def test_an_approval_is_kept_and_holds_for_every_later_retry(town: Town) -> None:
    batch = hold_too_many_bad(town)
    town.retry(approved=[batch])
    assert town.account() == (4, 2, 2, 0)
    (made,) = decisions(town.con)
    assert (made.batch_id, made.verdict, made.reason, made.decided_by) == (batch, "approved", "seen and right", "lin")
    assert approved_batches(town.con, "feed") == {batch}
    with pytest.raises(NotHeldError, match=r"no batch .* is held; held are: none"):
        town.retry(approved=[batch])


def test_bytes_that_cannot_be_read_are_not_approved(town: Town) -> None:
    (batch,) = town.deliver({"a.csv": BAD_BYTES})
    town.load()
    with pytest.raises(NotHeldError, match=r"held for B2: .*only B5 and B7 can be approved"):
        town.retry(approved=[batch])
    assert decisions(town.con) == []


def test_a_run_counts_held_batches_even_without_rows(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.deliver({"a.csv": BAD_BYTES})
    town.deliver({"b.csv": "id,n\n1,1\n"}, day=DAY + timedelta(days=1))
    (told,) = feeds = feed_reports(town.city, town.load().accounts, {})
    assert (told.batches, told.held_batches, told.held_rows, len(told.held)) == (2, 1, 0, 1)
    print_report(RunReport("run", DAY, DAY, 1.0, feeds, 0, 0, 0, "published", 1, ()))
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["all", "2", "1", "1", "1", "0", "0", "0", "0"] in printed


def test_headings_are_whole_words_in_a_narrow_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    feed = FeedReport("permits", 1, 0, 3, 2, 1, 0, 0, 0, (), None)
    print_report(RunReport("run", DAY, DAY, 1.0, (feed,), 0, 0, 0, "published", 1, ()))
    words = capsys.readouterr().out.split()
    assert {"batches", "accepted", "quarantined", "duplicate", "held", "late"} <= set(words)


def test_a_dismissed_batch_keeps_its_account_and_is_passed_over_until_reopened(town: Town) -> None:
    batch = hold_too_many_bad(town)
    dismiss(town.con, batch, "came again", "lin")
    assert town.rows("SELECT status, rows_in FROM ops.batch") == [("dismissed", 4)]
    (account,) = quality_report(town.con, "none").accounts
    assert (account.held_batches, account.dismissed_batches, account.dismissed_rows) == (0, 1, 4)
    assert (town.retry().load_id, town.load().load_id) == (None, None)
    with pytest.raises(NotHeldError, match=r"is held; held are: none"):
        dismiss(town.con, batch, "again", "lin")
    reopen(town.con, batch, "it did not", "wang")
    assert [account.batch_id for account in town.retry().held] == [batch]
    assert [(d.verdict, d.decided_by) for d in decisions(town.con)] == [("dismissed", "lin"), ("reopened", "wang")]


def patterned(pattern: str, **options: object) -> dict[str, object]:
    made = table("thing", KEYED, **options)
    variants = [{"source": {"kind": "folder", "pattern": pattern}, "format": CSV}]
    custom = [p for p in made["customProperties"] if p["property"] != "variants"]
    return {**made, "customProperties": [*custom, {"property": "variants", "value": variants}]}


@pytest.mark.parametrize(
    ("pattern", "delivery", "certain"),
    [
        (r"t_(?P<date>\d{8})(_v(?P<version>\d+))?\.csv", "append", True),
        (r"t_(?P<date>\d{8})(_v\d+)?\.csv", "append", False),
        (r"t_(?P<date>\d{8})(_v\d+)?\.csv", "snapshot", True),
    ],
)
def test_what_came_again_is_told_only_when_it_is_certain(
    tmp_path: Path, pattern: str, delivery: str, *, certain: bool
) -> None:
    town = Town(tmp_path, contract(patterned(pattern, delivery=delivery)))
    with town.con:
        (held,) = town.deliver({"t_20240301.csv": BAD_BYTES})
        town.deliver({"t_20240302.csv": "id,n\n1,1\n"}, day=DAY + timedelta(days=1))
        town.load()
        assert superseded(town.con, town.city, town.workspace) == {}
        (later,) = town.deliver({"t_20240301_v2.csv": "id,n\n1,1\n"})
        town.load()
        expected = {(held, "thing"): later} if certain else {}
        assert superseded(town.con, town.city, town.workspace) == expected


def quarantine(town: Path, *words: str) -> Result:
    env = {"COLUMNS": "200", "CIVICLAKE_HOME": str(town / "home"), "CIVICLAKE_CITY": str(town)}
    return CliRunner(env=env).invoke(app, ["quarantine", *words])


def test_a_steward_decides_on_the_command_line(tmp_path: Path) -> None:
    write_city(tmp_path / "town", "town", "Asia/Shanghai")
    city, workspace = load_city(tmp_path / "town"), Workspace(tmp_path / "town" / "home")
    (sample,) = (city.root / "inbox").iterdir()
    header = sample.read_text(encoding="utf-8").splitlines()[0]
    width = header.count(",")
    sample.write_text(header + "\n" + f"1{',x' * width}\n" * 200, encoding="utf-8")
    feed = city.feeds["permits"]
    (batch,) = pull(city, feed.id, feed.options.start_date, workspace).batches
    with open_lake(workspace) as con:
        ensure_ops(con)
        load_vocabulary(con, city.vocabulary_dir)
        load_feed(con, city, feed.id, workspace, feed.options.start_date)
    name = batch.batch_id
    assert name in quarantine(city.root, "list").output
    wordless = quarantine(city.root, "retry", "--approve", name)
    assert (wordless.exit_code, "--reason" in wordless.output) == (ExitCode.USAGE, True)
    assert quarantine(city.root, "dismiss", name, "--reason", "sent again", "--by", "lin").exit_code == ExitCode.OK
    assert name not in quarantine(city.root, "list").output
    assert "Dismissed batches" in quarantine(city.root, "list", "--all").output
    again = quarantine(city.root, "dismiss", name, "--reason", "twice")
    assert (again.exit_code, "held are: none" in again.output) == (ExitCode.DATA, True)
    assert quarantine(city.root, "reopen", name, "--reason", "was not", "--by", "wang").exit_code == ExitCode.OK
    done = quarantine(city.root, "retry", "--approve", name, "--reason", "all bad, truly", "--by", "chen")
    assert done.exit_code == ExitCode.OK, done.output
    told = quarantine(city.root, "show", "--limit", "1").output
    for text in ("dismissed by lin", "sent again", "reopened by wang", "approved by chen", "all bad, truly"):
        assert text in told
