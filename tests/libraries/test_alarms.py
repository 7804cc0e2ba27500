"""An alarm of a vital sign is seen, judged and told of: by the command at once, by the library with its next build."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.city import load_city
from catalog.workspace import Workspace
from orchestration.alarms import Entry, UnknownAlarmError, record
from orchestration.cli.exits import ExitCode
from orchestration.cli.main import app
from orchestration.lake.connect import open_lake
from orchestration.lake.lock import writer_lock
from orchestration.transform.assemble import assemble
from orchestration.transform.build import run_dbt
from tests.city.conftest import Built
from tests.city.systems import CITY

pytestmark = pytest.mark.slow(seconds=20)

STATE = "SELECT status_code, confirm_code, case_no FROM lake.theme.theme_vital_sign_alarm WHERE alarm_id = ?"


@pytest.fixture
def workspace(libraries: Built, tmp_path: Path) -> Workspace:
    """A copy of the city's lake, in which something may be done."""
    shutil.copytree(libraries.workspace.lake_data.parent, tmp_path / "lake")
    return Workspace(tmp_path)


def test_an_alarm_is_seen_judged_and_told_of(libraries: Built, workspace: Workspace) -> None:
    def run(*words: str, status: int = ExitCode.OK) -> str:
        env = {"CIVICLAKE_HOME": str(workspace.home), "CIVICLAKE_CITY": str(CITY), "COLUMNS": "200"}
        done = CliRunner(env=env).invoke(app, list(words))
        assert done.exit_code == status, done.output
        return done.output

    seen, wrong, left = (alarm for (alarm,) in libraries.rows(
        "SELECT alarm_id FROM lake.theme.theme_vital_sign_alarm WHERE closed_on IS NULL ORDER BY 1 LIMIT 3"
    ))  # fmt: skip
    run("alarm", "ack", seen, "--by", "wang-fang")
    run("alarm", "judge", wrong, "--effective", "--reason", "gas smelt", "--by", "wang-fang")
    with writer_lock(workspace), open_lake(workspace) as con:
        said = Entry(wrong, "false", datetime(2099, 1, 1), "G1", "chen-jie", "the sensor was washed")
        record(con, said)
        with pytest.raises(UnknownAlarmError, match="acknowledged already"):
            record(con, replace(said, alarm_id=seen, action="ack"))
    assert "there is no alarm" in run("alarm", "ack", f"{seen}x", status=ExitCode.DATA)
    listed = {line.split()[0]: line for line in run("alarm", "list").splitlines() if ":" in line}
    for alarm, state in ((seen, "acknowledged"), (wrong, "confirmed"), (left, "open")):
        assert state in listed[alarm]
    assert "其中 2 条已有人处置" in run("report")

    with writer_lock(workspace):
        assemble(load_city(CITY), workspace)
        assert run_dbt(
            workspace, "run", as_of=libraries.last, select=["base_alarm_action", "theme_vital_sign_alarm"]
        ).ok
    with open_lake(workspace, read_only=True) as con:
        found = [con.execute(STATE, [alarm]).fetchone() for alarm in (seen, wrong, left)]
        [(kept,)] = con.execute("SELECT count(*) FROM lake.ops.alarm_action WHERE acted_by = 'chen-jie'").fetchall()
    assert found == [("acknowledged", None, None), ("confirmed", "false", "G1"), ("open", None, None)]
    assert kept == 1
