"""What a run held or was stopped by is written down once, for the gateway to tell of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.breach import KEPT, Breach, breach_ids, read_breach, record_breach
from catalog.errors import CatalogError
from catalog.workspace import Workspace
from expectations.checks import CheckResult, CheckSpec, RowCount
from orchestration.breaches import tell_blocked, tell_held
from tests.orchestration.reading_city import Town, column, contract, table

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_a_held_batch_is_told_once(tmp_path: Path) -> None:
    town = Town(tmp_path, contract(table("thing", [column("id", key=1)])))
    (batch,) = town.deliver({"a.csv": b"id\n\xff\n"})
    accounts = town.load().accounts
    for _ in range(2):
        tell_held(town.workspace, accounts, AT)
    assert breach_ids(town.workspace) == [f"held-{batch}"]
    assert read_breach(town.workspace, f"held-{batch}").feeds == (town.load().feed,)
    town.con.close()


def test_only_blocking_checks_that_failed_are_breaches(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    results = [
        _result("hotline.ticket", "block", passed=False), _result("grid.case", "block", passed=True),
        _result("topic_case", "block", passed=False), _result("base_person", "warn", passed=False),
    ]  # fmt: skip
    tell_blocked(workspace, "run-1-models", results, AT)
    found = read_breach(workspace, "run-1-models")
    assert (found.kind, found.feeds, found.models) == ("release_blocked", ("hotline",), ("topic_case",))
    tell_blocked(workspace, "run-2-models", results[1:2], AT)
    assert breach_ids(workspace) == ["run-1-models"]


def test_old_breaches_are_cleared_away_and_a_broken_file_says_which(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    for number in range(KEPT + 2):
        record_breach(workspace, Breach(id=f"b{number:04d}", kind="batch_held", at=AT))
    assert breach_ids(workspace) == [f"b{number:04d}" for number in range(2, KEPT + 2)]
    (workspace.breaches / "b0002.json").write_text("{}")
    for name in ("b0002", "b0000"):
        with pytest.raises(CatalogError, match=f"{name}.json"):
            read_breach(workspace, name)


def _result(subject: str, severity: str, *, passed: bool) -> CheckResult:
    spec = CheckSpec(subject, "rows", severity, "completeness", "there are rows", RowCount(1, None))  # type: ignore[arg-type]
    return CheckResult(spec, passed, 1.0, 0 if passed else 1, 1, AT.replace(tzinfo=None))
