"""The daily report of vital signs says what the tables say, in either language."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path

from typer.testing import CliRunner, Result

from orchestration.cli.exits import ExitCode
from orchestration.cli.main import app
from tests.city.conftest import Built
from tests.city.systems import CITY

SIGNS = "SELECT sign_name_en, level_name, level_code FROM lake.open.open_vital_sign_daily WHERE day = ?"


def report(libraries: Built, *words: str) -> Result:
    env = {"CIVICLAKE_HOME": str(libraries.home), "CIVICLAKE_CITY": str(CITY), "COLUMNS": "200"}
    return CliRunner(env=env).invoke(app, ["report", *words])


def table(text: str, heading: str) -> list[list[str]]:
    """The rows of all tables between a heading of second rank and the next."""
    part = re.split(r"^## ", text, flags=re.MULTILINE)
    [found] = [section for section in part if section.startswith(heading)]
    rows = [line.strip("| ").split(" | ") for line in found.splitlines() if line.startswith("| ")]
    heads = {number for number, row in enumerate(rows) if set(row) == {"---"}}
    return [row for number, row in enumerate(rows) if number not in heads and number + 1 not in heads]


def test_the_report_of_the_last_day_says_what_the_tables_say(libraries: Built, tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    done = report(libraries, "--output", str(file))
    assert done.exit_code == ExitCode.OK, done.output
    text = file.read_text(encoding="utf-8")
    assert text.startswith(f"# 云州市城市体征日报 {libraries.last}\n")
    today = Counter(level for _, level, _ in libraries.rows(SIGNS, [libraries.last]))
    overview = {level: int(number) for level, number, _ in table(text, "一、")}
    assert overview == {level: today[level] for level in overview}
    assert sum(overview.values()) == sum(today.values()) - today[None]
    alarms = dict(libraries.rows("SELECT alarm_id, closed_on IS NULL FROM lake.theme.theme_vital_sign_alarm"))
    listed = {row[0] for row in table(text, "四、")}
    assert listed <= {alarm for alarm, is_open in alarms.items() if is_open}
    still = sum(alarms.values())
    assert f"未解除 {still} 条" in text
    assert len(listed) == min(still, 40)
    assert len(table(text, "二、")) == sum(today.values())


def test_a_stale_sign_is_told_apart_and_never_green(libraries: Built) -> None:
    """On the day most departments had not yet delivered."""
    day = date(2026, 6, 20)
    done = report(libraries, "--day", str(day), "--language", "en")
    assert done.exit_code == ExitCode.OK, done.output
    stale = {name for name, _, level in libraries.rows(SIGNS, [day]) if level == "stale"}
    assert len(stale) > 10
    levels = {row[0]: row[3] for row in table(done.stdout, "2. Signs")}
    assert {name for name, level in levels.items() if level == "**Stale**"} == stale
    reasons = {row[0]: row[1] for row in table(done.stdout, "3. Stale signs")}
    assert reasons.keys() == stale
    assert all(reasons.values())


def test_there_is_no_report_of_a_day_nobody_evaluated(libraries: Built) -> None:
    done = report(libraries, "--day", "2020-01-01")
    assert (done.exit_code, "there are those from" in done.output) == (ExitCode.DATA, True)
