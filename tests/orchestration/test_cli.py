"""The command line: what it prints, what it exits with, and that it starts quickly."""

from __future__ import annotations

import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from datacontract.data_contract import DataContract
from typer.testing import CliRunner, Result

from catalog.city import load_city
from catalog.workspace import Workspace
from orchestration.cli.exits import CommandError, ExitCode
from orchestration.cli.main import app
from orchestration.cli.processes import Children, free_port
from orchestration.landing.days import first_open_day

HEAVY = ("dagster", "dbt", "great_expectations", "duckdb", "pandas", "fastapi", "pyarrow")


def run(*words: str, **env: str) -> Result:
    return CliRunner(env={"COLUMNS": "200", "CIVICLAKE_HOME": "", "CIVICLAKE_CITY": "", **env}).invoke(app, list(words))


@pytest.fixture
def town(tmp_path: Path) -> Path:
    assert run("init", str(tmp_path / "my-town"), "--timezone", "Asia/Shanghai").exit_code == 0
    return tmp_path / "my-town"


def test_starts_without_heavy_imports() -> None:
    code = f"import sys, orchestration.cli.main; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_names_every_command_and_exit_code() -> None:
    shown = run("--help").output
    for word in ("demo", "run", "serve", "release", "contract", "quarantine", "init", "doctor"):
        assert word in shown
    for code in ExitCode:
        assert f"{code.value} " in shown


def test_init_makes_a_city_that_checks(town: Path) -> None:
    city = load_city(town)
    assert (city.id, list(city.feeds), city.timezone) == ("my_town", ["permits"], "Asia/Shanghai")
    assert run("contract", "check", "--city", str(town)).exit_code == ExitCode.OK
    again = run("init", str(town))
    assert again.exit_code == ExitCode.USAGE
    assert "not empty" in again.output


def test_commands_after_init_run_from_a_folder_with_a_space(tmp_path: Path) -> None:
    done = run("init", str(tmp_path / "my town"))
    commands = [line.split("    ")[0].strip() for line in done.output.splitlines() if line.startswith("  civiclake")]
    assert len(commands) == 3
    for command in commands:
        assert shlex.split(command)[-2:] == ["--city", str(tmp_path / "my town")]
    assert run(*shlex.split(commands[0])[1:]).exit_code == ExitCode.OK


def test_init_says_what_the_guide_says(town: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "onboard-a-city.md").read_text(encoding="utf-8")
    levels = "L1 open, L2 internal, L3 restricted, L4 secret"
    assert levels in guide
    contract = town / "feeds" / "permits.odcs.yaml"
    assert levels in contract.read_text(encoding="utf-8")
    days = (town / "vocabulary" / "calendar.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert f"one row per day, {days[0][:4]} to {days[-1][:4]};" in guide
    lint = DataContract(data_contract_file=str(contract)).lint()
    assert [check.name for check in lint.checks] == ["Data contract is valid against ODCS v3.1.0"]


def test_a_broken_contract_names_file_line_key_and_mend(town: Path) -> None:
    contract = town / "feeds" / "permits.odcs.yaml"
    contract.write_text(
        contract.read_text(encoding="utf-8").replace("classification: L3", "classification: L9"), "utf-8"
    )
    done = run("contract", "check", "--city", str(town))
    assert done.exit_code == ExitCode.DATA
    assert "permits.odcs.yaml:" in done.output
    assert "holder" in done.output
    assert "classification" in done.output


def test_contract_diff_tells_breaking_from_compatible(town: Path, tmp_path: Path) -> None:
    old = town / "feeds" / "permits.odcs.yaml"
    new = tmp_path / "permits.odcs.yaml"
    text = old.read_text(encoding="utf-8")
    new.write_text(text, encoding="utf-8")
    assert run("contract", "diff", str(old), str(new)).exit_code == ExitCode.OK
    new.write_text(text.replace("- name: kind", "- name: sort"), encoding="utf-8")
    done = run("contract", "diff", str(old), str(new))
    assert done.exit_code == ExitCode.DATA
    assert "breaking" in done.output
    assert "`version` stays 1.0.0 with breaking changes: raise it to 2.0.0" in done.output


def test_release_list_says_when_current_leads_nowhere(town: Path) -> None:
    assert run("release", "list", "--city", str(town), "--home", str(town / "home")).exit_code == ExitCode.OK
    current = Workspace(town / "home").current
    current.parent.mkdir(parents=True, exist_ok=True)
    current.write_text("0007\n", encoding="ascii")
    done = run("release", "list", "--city", str(town), "--home", str(town / "home"))
    assert done.exit_code == ExitCode.DATA
    assert "names release 0007, which is not there" in done.output


def test_wrong_usage_is_told_apart(town: Path, tmp_path: Path) -> None:
    assert run("contract", "check", "--city", str(tmp_path / "nowhere")).exit_code == ExitCode.USAGE
    assert run("demo", "--no-serve", "--city", str(town)).exit_code == ExitCode.USAGE
    assert run("run", "--city", str(town), "--from", "2001-01-01", "--to", "2001-01-02").exit_code == ExitCode.USAGE
    assert run("release", "show", "--city", str(town)).exit_code == ExitCode.DATA
    assert run("quarantine", "list", "--city", str(town)).exit_code == ExitCode.DATA


def test_doctor_finds_what_is_missing(town: Path) -> None:
    well = run("doctor", "--city", str(town), "--home", str(town / "home"))
    assert well.exit_code == ExitCode.OK
    assert "ducklake" in well.output
    contract = town / "feeds" / "permits.odcs.yaml"
    contract.write_text(contract.read_text(encoding="utf-8").replace("path: inbox", 'path: "${TOWN_DROP}"'), "utf-8")
    ill = run("doctor", "--city", str(town), "--home", str(town / "home"))
    assert ill.exit_code == ExitCode.ENVIRONMENT
    assert "TOWN_DROP not set" in ill.output
    assert run("doctor", "--city", str(town), TOWN_DROP="/tmp").exit_code == ExitCode.OK
    (town / "vocabulary" / "division.csv").unlink()
    assert "division.csv" in run("doctor", "--city", str(town), TOWN_DROP="/tmp").output


def test_first_open_day_is_the_first_business_date(town: Path, tmp_path: Path) -> None:
    city = load_city(town)
    assert first_open_day(city, Workspace(tmp_path / "home")) == city.feeds["permits"].options.start_date


def test_next_free_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) > port


def test_children_end_with_their_children(tmp_path: Path) -> None:
    grandchild = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1]))).recv(1)"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}, sys.argv[1]])"
    with socket.create_server(("127.0.0.1", 0)) as server:
        with Children() as children:
            command = [sys.executable, "-c", child, str(server.getsockname()[1])]
            children.start("parent", command, tmp_path / "log", env={})
            held, _ = server.accept()
        assert held.recv(1) == b""
        held.close()


def test_a_second_server_goes_on_in_the_log_of_the_first(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("the first is up\n", encoding="utf-8")
    with Children() as children:
        children.start("second", [sys.executable, "-c", "raise SystemExit('no licence')"], log, env={})
        with pytest.raises(CommandError, match="no licence"):
            children.wait_for_port("second", 1, seconds=20)
    assert log.read_text(encoding="utf-8").startswith("the first is up\n")


def test_a_child_that_dies_is_reported(tmp_path: Path) -> None:
    with Children() as children:
        children.start("mute", [sys.executable, "-c", "raise SystemExit('no licence')"], tmp_path / "log", env={})
        with pytest.raises(CommandError, match="no licence"):
            children.wait_for_port("mute", 1, seconds=20)


def test_ctrl_c_ends_even_what_ignores_it(tmp_path: Path) -> None:
    script = """
import signal, sys, time
from pathlib import Path
from orchestration.cli.processes import Children, stopping
with Children() as children, stopping(children, code=130, text="Stopped."):
    children.start("child", [sys.executable, "-c", "input()"], Path(sys.argv[1]), env={})
    signal.signal(signal.SIGINT, lambda *_: None)
    print("ready", flush=True)
    while True:
        time.sleep(1)
"""
    command = [sys.executable, "-c", script, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr is not None
        assert "Stopped." in process.stderr.read()
