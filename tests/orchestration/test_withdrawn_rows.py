"""How many rows of a release are served is told beside how many it has."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from catalog.city import load_city
from catalog.compiled import CompiledColumn, CompiledModel
from catalog.workspace import Workspace
from orchestration.cli.demo import _print_release
from orchestration.cli.init import write_city
from orchestration.release.store import ReleaseStore
from orchestration.release.withdrawals import withdrawn_rows
from tests.orchestration.test_release import CATALOG, TITLE, Lake, lake, make, workspace

__all__ = ["lake", "workspace"]

MODEL = CompiledModel(
    name="withdrawal_permit", layer="withdrawal", title=TITLE, grain="One row", level="L4", owner=None, group=None,
    columns=tuple(CompiledColumn(name=name, type="VARCHAR", title=TITLE, description="", level="L4", nullable=True)
                  for name in ("dataset_id", "doc_no", "reason_code", "effective_on", "basis")),
    reads=(),
)  # fmt: skip
WITHDRAWN = [("D0501", "2026-01-01"), ("D0502", "2026-01-05"), ("D0502", "2026-01-06"), ("not released", "2026-01-01")]


def test_what_is_withdrawn_by_a_day_is_not_served(
    workspace: Workspace, lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ", ".join(f"('permit', '{key}', 'ordered', DATE '{day}', 'b')" for key, day in WITHDRAWN)
    lake.execute(
        "CREATE TABLE lake.withdrawal.withdrawal_permit AS"
        f" FROM (VALUES {rows}) AS w(dataset_id, doc_no, reason_code, effective_on, basis)"
    )
    catalog = CATALOG.model_copy(update={"models": (MODEL,)})
    made, folder = make(workspace, lake, catalog=catalog), ReleaseStore(workspace).path(1)
    gone = {
        day: withdrawn_rows(folder, made.manifest, catalog, date.fromisoformat(day))
        for day in ("2025-12-31", "2026-01-04", "2026-01-06")
    }
    assert gone["2025-12-31"] == gone["2026-01-04"], "never before the day the release speaks of"
    assert gone["2026-01-04"] == {"penalty": 0, "permit": 1}
    assert gone["2026-01-06"] == {"penalty": 0, "permit": 2}
    write_city(tmp_path / "town", "town", "Etc/UTC")
    _print_release(load_city(tmp_path / "town"), workspace)
    said = capsys.readouterr().out
    permit = next(line for line in said.splitlines() if line.startswith("permit"))
    assert permit.split()[-2:] == ["500", "498"]
    assert "are not served" in " ".join(said.split())


def test_without_a_list_every_row_is_served(workspace: Workspace, lake: Lake) -> None:
    made = make(workspace, lake)
    assert withdrawn_rows(ReleaseStore(workspace).path(1), made.manifest, CATALOG, date(2030, 1, 1)) == {}
