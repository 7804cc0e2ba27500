"""Orders to withdraw a row: given, listed and lifted, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from gateway.control.errors import ConflictError, ControlError, UnknownError
from gateway.control.store import ControlStore
from gateway.withdrawal.cli import app
from gateway.withdrawal.manual import ManualList, Order, lift, withdraw, withdrawals
from gateway.withdrawal.sources import ManualWithdrawal
from tests.gateway.fake_release import publish

YUNZHOU = Path(__file__).parents[3] / "examples" / "yunzhou"

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
ORDER = Order("penalties", ("〔2026〕1号", "A"), "ordered", "Decision 7 of the data bureau", date(2026, 3, 2))


def test_an_order_stands_until_it_is_lifted(store: ControlStore) -> None:
    listed = ManualList(store)
    assert listed() == ()
    with store.begin() as session:
        made = withdraw(session, ORDER, now=NOW, by="steward").id
    assert listed() == (ManualWithdrawal("penalties", ("〔2026〕1号", "A"), "ordered", date(2026, 3, 2)),)
    with store.begin() as session, pytest.raises(ConflictError, match=made):
        withdraw(session, ORDER, now=NOW, by="steward")
    with store.begin() as session:
        lift(session, made, "wrong row", now=NOW, by="steward")
    assert listed() == ()
    with store.begin() as session, pytest.raises(ConflictError, match="lifted already"):
        lift(session, made, "again", now=NOW, by="steward")
    with store.read() as session:
        [kept] = withdrawals(session)
    assert (kept.lifted_for, kept.lifted_at, kept.ordered_by) == ("wrong row", NOW, "steward")


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (replace(ORDER, reason="repaired"), "use one of ordered, personal_data"),
        (replace(ORDER, key=("〔2026〕1号", "")), "every part of its key"),
        (replace(ORDER, basis=" "), "on what basis"),
    ],
)
def test_an_order_says_all_it_must(store: ControlStore, order: Order, told: str) -> None:
    with store.begin() as session, pytest.raises(ControlError, match=told):
        withdraw(session, order, now=NOW, by="steward")


def test_only_what_is_there_is_lifted(store: ControlStore) -> None:
    with store.begin() as session, pytest.raises(UnknownError, match="civiclake withdrawal list"):
        lift(session, "wdr-none", "why", now=NOW, by="steward")


def test_a_steward_withdraws_from_the_command_line(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=5)
    place = ["--city", str(YUNZHOU), "--home", str(tmp_path)]

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, [*words, *place], env={"COLUMNS": "240"})

    made = run("add", "tickets", "--key", "ticket_no=T0000003", "--basis", "Decision 7", "--from", "2026-03-02")
    assert (made.exit_code, made.stdout.strip()[:4]) == (0, "wdr-")
    assert "T0000003" in run("list").stdout
    assert "Warning" not in made.stderr
    unknown = run("add", "tickets", "--key", "ticket_no=T9", "--basis", "Decision 7")
    assert (unknown.exit_code, "the current release has no such row" in unknown.stderr) == (0, True)
    for words, told in (
        (("tickets", "--key", "number=3"), "ticket_no=…"),
        (("nothing", "--key", "ticket_no=T0000003"), "there is no dataset nothing"),
        (("tickets", "--key", "ticket_no=T0000003", "--from", "soon"), "is no day"),
    ):
        refused = run("add", *words, "--basis", "Decision 7")
        assert isinstance(refused.exception, ControlError)
        assert told in str(refused.exception)
    assert run("lift", made.stdout.strip(), "--reason", "wrong row").exit_code == 0
    assert "T0000003" not in run("list").stdout
    assert "wrong row" in run("list", "--lifted").stdout
