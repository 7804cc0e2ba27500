"""One workspace holds one city: nobody reads or writes the state of another by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from catalog.city import load_city
from catalog.place import NotThisHomeError, claim, workspace_of
from catalog.workspace import Workspace
from orchestration.cli.exits import ExitCode
from orchestration.cli.init import write_city
from orchestration.cli.main import app
from orchestration.run import prepare

COMMANDS = {
    "run": ("run",),
    "serve": ("serve",),
    "releases": ("release", "list"),
    "rollback": ("release", "rollback"),
    "quarantine": ("quarantine", "retry"),
    "policy": ("policy", "apply"),
    "lineage": ("lineage", "permits.holder"),
    "withdrawals": ("withdrawal", "list"),
}


def run(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "300", "CIVICLAKE_HOME": "", "CIVICLAKE_CITY": ""}).invoke(app, list(words))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("city")
    write_city(root / "town", "town", "Asia/Shanghai")
    return root / "town"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """The workspace of another city."""
    claim("seaport", Workspace(tmp_path))
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_command_refuses_the_workspace_of_another_city(town: Path, elsewhere: Path, command: tuple[str, ...]) -> None:
    done = run(*command, "--city", str(town), "--home", str(elsewhere))
    assert done.exit_code == ExitCode.USAGE
    assert "`seaport`" in done.output
    assert "`town`" in done.output
    assert [path.name for path in elsewhere.iterdir()] == ["city"]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_home_that_is_a_file_is_wrong_usage(town: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("a file", encoding="utf-8")
    done = run(*command, "--city", str(town), "--home", str(tmp_path / "file"))
    assert done.exit_code == ExitCode.USAGE
    assert "is a file" in done.output


def test_the_doctor_says_so_too(town: Path, elsewhere: Path) -> None:
    done = run("doctor", "--city", str(town), "--home", str(elsewhere))
    assert done.exit_code == ExitCode.ENVIRONMENT
    assert "fail  workspace: " in done.output
    assert "`seaport`" in done.output


def test_definitions_refuse_another_city(town: Path, elsewhere: Path) -> None:
    with pytest.raises(NotThisHomeError, match="seaport"):
        prepare(load_city(town), Workspace(elsewhere))


def test_a_claimed_workspace_stays_its_city(tmp_path: Path) -> None:
    workspace = workspace_of("town", tmp_path / "home")
    assert not workspace.home.exists(), "asking makes nothing"
    claim("town", workspace)
    claim("town", workspace)
    assert workspace_of("town", workspace.home) == workspace
    assert [path.name for path in workspace.home.iterdir()] == ["city"]
