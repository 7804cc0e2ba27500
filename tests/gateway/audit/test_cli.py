"""The command `civiclake audit`: what it says and with which exit code, over a city's own log and an exported one."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from catalog.workspace import Workspace
from gateway.audit.cli import app
from tests.gateway.audit.logs import intruder, write

CITY = Path(__file__).parents[3] / "examples" / "yunzhou" / "city.yml"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    workspace = Workspace(tmp_path / "city")
    workspace.audit.parent.mkdir(parents=True)
    write(f"sqlite:///{workspace.audit}", workspace.seals, (3, 4))
    return workspace.home


def run(*words: object) -> tuple[int, str]:
    """Exit code and everything said."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, done.output


def test_a_sound_log_is_said_to_be_sound(home: Path) -> None:
    code, said = run("verify", "--home", home)
    assert (code, said.startswith("Sound: 7 rows, 2 checkpoints")) == (0, True)


def test_the_log_is_readable_by_its_user_only(home: Path) -> None:
    assert Workspace(home).audit.stat().st_mode & 0o077 == 0


def test_what_is_wrong_is_said_with_its_row(home: Path) -> None:
    with intruder(f"sqlite:///{Workspace(home).audit}") as connection:
        connection.execute(text("UPDATE audit_access SET caller = 'nobody' WHERE seq = 5"))
        connection.execute(text("DELETE FROM audit_access WHERE seq = 2"))
    code, said = run("verify", "--home", home)
    assert code == 3
    assert "row 5: altered: row 5 is not as it was written (request request-5)" in said
    assert "row 2: missing: row 2 missing" in said


def test_an_exported_log_is_verified_elsewhere_with_the_public_key_alone(home: Path, tmp_path: Path) -> None:
    out, key = tmp_path / "log.jsonl", tmp_path / "key.pem"
    assert run("export", out, "--home", home) == (0, f"{out}: 7 rows, 2 checkpoints.\n")
    key.write_text(run("key", "--home", home)[1], encoding="ascii")
    assert "PRIVATE" not in key.read_text(encoding="ascii")
    anchor = Workspace(home).seals / "audit.anchor"
    code, said = run("export", out, "--home", home)
    assert (code, "name another file" in said) == (5, True)
    early = tmp_path / "early.anchor"
    early.write_bytes(anchor.read_bytes())
    write(f"sqlite:///{Workspace(home).audit}", Workspace(home).seals, (2,), first=8)
    words = ("verify", "--file", out, "--public-key", key, "--anchor", anchor)
    code, said = run(*words)
    assert (code, "copy the anchor first, then export" in said) == (3, True), "accesses went on after the export"
    later = tmp_path / "later.jsonl"
    run("export", later, "--home", home)
    assert run("verify", "--file", later, "--public-key", key, "--anchor", early)[0] == 0
    words = (*words[:-1], early)
    assert run(*words)[0] == 0
    lines = out.read_text(encoding="utf-8").splitlines(keepends=True)
    for changed in (
        lines[:-1],
        lines[1:],
        [lines[1], lines[0], *lines[2:]],
        [lines[0].replace("200", "201"), *lines[1:]],
    ):
        out.write_text("".join(changed), encoding="utf-8")
        code, said = run(*words)
        assert (code, "copy the anchor first" in said) == (3, False)
    out.write_text("nonsense\n", encoding="utf-8")
    assert run(*words) == (3, f"{out}, line 1: this is no line of an exported log\n")


def test_the_newest_accesses_are_shown(home: Path) -> None:
    code, said = run("show", "--home", home, "--limit", 2, "--dataset", "tickets")
    lines = said.splitlines()
    assert (code, [line.split()[0] for line in lines]) == (0, ["7", "6"])
    assert "public (T0)  read tickets  allow 200  5 rows, 100 bytes" in lines[0]
    assert '"request_id":"request-7"' in run("show", "--home", home, "--limit", 1, "--json")[1]
    assert run("show", "--home", home, "--caller", "nobody") == (0, "There is no such row in the log.\n")
    assert run("show", "--home", home, "--since", "soon")[0] == 2


def test_the_city_is_named_as_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("CIVICLAKE_HOME", "CIVICLAKE_CITY"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / ".civiclake" / "no-city").mkdir(parents=True)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "city.yml").write_text(
            CITY.read_text(encoding="utf-8").replace("id: yunzhou", f"id: {name}")
        )
        workspace = Workspace(tmp_path / ".civiclake" / name)
        workspace.audit.parent.mkdir(parents=True)
        write(f"sqlite:///{workspace.audit}", workspace.seals, (3,))
        if name == "one":
            assert run("verify")[1].startswith("Sound: 3 rows"), "the only one needs no name"
    assert "name one with --city" in run("verify")[1]
    assert run("verify", "--city", "one")[1].startswith("Sound: 3 rows")
    monkeypatch.setenv("CIVICLAKE_CITY", "two")
    assert run("show", "--limit", 1)[1].startswith("3 ")
    code, said = run("verify", "--city", "three")
    assert (code, "is not a city" in said) == (2, True)


def test_errors_say_what_to_mend(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = run("verify", "--home", tmp_path / "nowhere", "--public-key", Workspace(home).seals / "audit.pem")
    assert (code, "there is no audit log at" in said) == (5, True)
    (Workspace(home).seals / "audit.anchor").write_text("{}", encoding="ascii")
    assert run("verify", "--home", home)[0] == 3
    (Workspace(home).seals / "audit.pem").write_text("x", encoding="ascii")
    code, said = run("verify", "--home", home)
    assert (code, "is not a PEM key file" in said) == (3, True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CIVICLAKE_HOME", raising=False)
    monkeypatch.delenv("CIVICLAKE_CITY", raising=False)
    assert "name one with --city or --home" in run("verify")[1]
