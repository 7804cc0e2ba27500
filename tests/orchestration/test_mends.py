"""Every trouble a newcomer can meet ends in its exit code and a mend that mends it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from catalog.workspace import Workspace
from orchestration.cli.doctor import Finding, examine
from orchestration.cli.exits import ExitCode, code_of
from orchestration.cli.init import write_city
from orchestration.cli.main import app
from orchestration.lake.connect import open_lake
from orchestration.lake.extensions import MissingExtensionError
from orchestration.lake.lock import LakeBusyError
from orchestration.lake.schema import ensure_ops
from orchestration.landing.ledger import LedgerVersionError
from orchestration.transform.errors import TransformError
from tests.gateway.audit.logs import running, write


def run(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "300", "CIVICLAKE_HOME": "", "CIVICLAKE_CITY": ""}).invoke(app, list(words))


@pytest.fixture
def town(tmp_path: Path) -> Path:
    write_city(tmp_path / "town", "town", "Asia/Shanghai")
    return tmp_path / "town"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A workspace with an empty lake."""
    with open_lake(Workspace(tmp_path / "home")) as con:
        ensure_ops(con)
    return tmp_path / "home"


def found(city: Path, home: Path, topic: str) -> Finding:
    (finding,) = [finding for finding in examine(city, home) if finding.topic == topic and not finding.good]
    return finding


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TransformError("a.sql: no interface"), ExitCode.DATA),
        (LakeBusyError("the lake is still held"), ExitCode.ENVIRONMENT),
        (LedgerVersionError(Path("ledger"), 9), ExitCode.ENVIRONMENT),
        (MissingExtensionError("not installed"), ExitCode.ENVIRONMENT),
        (KeyError("nobody foresaw it"), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_an_error_has_its_exit_code(error: Exception, code: ExitCode | None) -> None:
    assert code_of(error) == code


def test_staging_sql_of_no_interface_is_a_problem_of_data(town: Path, tmp_path: Path) -> None:
    (town / "staging" / "permits" / "stg_permits__permit.sql").rename(town / "staging" / "permits" / "permit.sql")
    done = run("policy", "check", "--city", str(town), "--home", str(tmp_path / "home"))
    assert done.exit_code == ExitCode.DATA
    assert "permit.sql: no staging interface has this name. Rename the file" in done.output


def test_a_log_older_than_its_anchor_is_told(town: Path, home: Path, caplog: pytest.LogCaptureFixture) -> None:
    workspace = Workspace(home)
    url = f"sqlite:///{workspace.audit}"
    write(url, workspace.seals, (1,))
    old = shutil.copytree(workspace.control.parent, home / "copy")
    write(url, workspace.seals, (1,), first=2)
    assert all(finding.good for finding in examine(town, home) if finding.topic == "audit log")
    shutil.rmtree(workspace.control.parent)
    old.rename(workspace.control.parent)
    finding = found(town, home, "audit log")
    assert "ends at checkpoint 1" in finding.found
    assert "from one copy" in finding.mend
    with running(url, workspace.seals):
        assert "put both back from one copy" in caplog.text


def test_a_damaged_lake_is_told(town: Path, home: Path) -> None:
    Workspace(home).lake_catalog.write_bytes(b"not a database" * 100)
    assert ".tools/bin/uv sync --frozen" in found(town, home, "lake").mend


@pytest.mark.parametrize(
    ("current", "text", "mend"),
    [
        ("rubbish\n", "is not a release number", "civiclake release rollback"),
        ("0007\n", "names release 0007, which is not there", "civiclake release rollback"),
    ],
)
def test_a_damaged_current_is_mended_by_a_rollback(town: Path, home: Path, current: str, text: str, mend: str) -> None:
    Workspace(home).releases.mkdir()
    Workspace(home).current.write_text(current, encoding="ascii")
    finding = found(town, home, "release")
    assert text in finding.found
    assert mend in finding.mend


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("list", "--feed", "nope"), ExitCode.USAGE, "no feed `nope`; feeds are permits"),
        (("show", "--feed", "nope"), ExitCode.USAGE, "no feed `nope`; feeds are permits"),
        (("export", "FILE.csv", "--feed", "nope"), ExitCode.USAGE, "no feed `nope`; feeds are permits"),
        (("retry", "--feed", "nope"), ExitCode.USAGE, "no feed `nope`; feeds are permits"),
        (("list", "--rule", "ZZ"), ExitCode.USAGE, "no rule `ZZ`"),
        (("show", "--rule", "ZZ"), ExitCode.USAGE, "no rule `ZZ`"),
        (("export", "FILE.csv", "--rule", "ZZ"), ExitCode.USAGE, "no rule `ZZ`"),
        (("show", "--feed", "permits"), ExitCode.OK, "No row is in quarantine."),
        (("show", "--rule", "T1"), ExitCode.OK, "No row is in quarantine."),
        (("retry",), ExitCode.OK, "permits: 0 rows are let in.\n"),
        (("export", "nowhere/FILE.csv"), ExitCode.USAGE, "nowhere: there is no such folder"),
        (("export", "FILE.csv"), ExitCode.OK, "0 findings written"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_quarantine_says_what_it_did_not_find(
    town: Path, home: Path, words: tuple[str, ...], code: ExitCode, text: str
) -> None:
    placed = [str(home / word) if "FILE" in word else word for word in words]
    done = run("quarantine", *placed, "--city", str(town), "--home", str(home))
    assert (done.exit_code, text in done.output) == (code, True), done.output
    assert "brings them into a release" not in done.output


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--home", "x", "run"), "No such option: --home. It goes after the command: civiclake COMMAND --home …"),
        (("--city", "x", "serve"), "It goes after the command"),
        (("release", "--home", "x", "list"), "It goes after the command: civiclake release COMMAND --home …"),
        (("--hoome", "x", "run"), "No such option: --hoome"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_option_before_its_command_is_told_where_it_goes(words: tuple[str, ...], text: str) -> None:
    done = run(*words)
    assert done.exit_code == ExitCode.USAGE
    assert text in done.output
    assert ("goes after" in done.output) == ("goes after" in text)
