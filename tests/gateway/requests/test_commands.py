"""The steward's commands: cases entered and moved on, and every command of docs/govern.md is one that exists."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer.main

from catalog.workspace import Workspace
from gateway.control.cli import desk
from gateway.control.store import ControlStore, sqlite_url
from orchestration.cli.main import app
from tests.gateway.commands import Access, access_in
from tests.gateway.fake_policy import put_policy
from tests.gateway.fake_release import publish_rows
from tests.gateway.requests.counter import ROWS
from tests.gateway.requests.town import START, entries, policy, register

ROOT = Path(__file__).resolve().parents[3]
FILE = (
    "request", "file", "visits", "--as", "tom", "--column", "visit_no", "--column", "kind", "--purpose", "audit",
    "--basis", "b", "--scene", "s", "--commitment", "c", "--from", "2026-11-23", "--to", "2027-05-31",
)  # fmt: skip


@pytest.fixture
def access(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Access:
    publish_rows(tmp_path, 1, entries(), ROWS)
    put_policy(tmp_path, policy())
    file = Workspace(tmp_path).control
    file.parent.mkdir(mode=0o700)
    store = ControlStore(sqlite_url(file))
    store.migrate()
    with store.begin() as session:
        register(session)
    store.close()
    monkeypatch.setattr(desk, "now", lambda: START)
    return access_in(tmp_path)


def test_an_application_on_paper_from_entry_to_revocation(access: Access) -> None:
    access("org", "suspend", "health")
    case = access(*FILE).stdout.strip()
    assert case in access("request", "list", "--state", "compliance").stdout
    assert "due 2026-11-30" in access("review", "comply", case).stderr
    assert f"{case}: now for health to answer" in access("org", "resume", "health").stderr
    again = access("review", "comply", case, status=2).stderr
    assert "do: approve or refuse is for the provider (health); enter it --as <a person of health>" in again
    turn = "approve is for the provider (health); enter it --as <a person of health>"
    assert turn in access("review", "approve", case, status=2).stderr
    turn = "withdraw is for the applicant (tom); enter it --as tom"
    assert turn in access("review", "withdraw", case, status=2).stderr
    assert "ann has no part in" in access("review", "approve", case, "--as", "ann", status=2).stderr
    assert "systems" in access("review", "approve", case, "--as", "board", status=2).stderr
    words = ("--as", "helen", "--column", "visit_no", "--until", "2027-01-31")
    approved = access("review", "approve", case, *words).stderr
    assert "(in_use)" in approved
    odrl = json.loads(access("show", case, "--odrl").stdout)
    assert odrl["permission"][0]["target"]["refinement"][0]["rightOperand"] == ["visit_no"]
    assert "reason: revoke needs one" in access("review", "revoke", case, status=2).stderr
    granted = json.loads(access("show", case).stdout)["access"]
    assert f"Granted as {granted}." in approved
    kept = access("grant", "add", "visits", "--to", "tina", "--column", "kind", "--basis", "b").stdout.strip()
    revoked = access("grant", "revoke", granted, "--reason", "at once").stderr
    assert f"access show {case}" in revoked
    assert f"tina still has {kept} on visits (read, until " in revoked
    assert "already" in access("grant", "revoke", granted, "--reason", "again", status=2).stderr
    shown = json.loads(access("show", case).stdout)
    steps = shown["events"]
    assert (shown["state"], steps[-1]["name"], steps[-1]["reason"]) == ("revoked", "revoke", "at once")
    assert [(s["by"], bool(s["entered_by"])) for s in steps if s["name"] == "approve"] == [("helen", True)]
    assert steps[-1]["by"].startswith("cli:")
    assert "at once" in access("notices", "--as", "tom").stdout
    assert "no id of a case" in access("show", "grt-1", status=2).stderr
    direct = access("grant", "add", "visits", "--org", "traffic", "--column", "kind", "--basis", "b").stdout.strip()
    access("grant", "revoke", direct, "--reason", "no longer needed")
    assert [part in access("notices", "--as", "tina").stdout for part in (direct, "no longer needed")] == [True] * 2


def test_other_cases_by_command(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    demand = access(
        "demand", "raise", "Beds", "--as", "tom", "--description", "d", "--purpose", "audit", "--basis", "b"
    ).stdout.strip()
    assert "name the candidate" in access("review", "route", demand, status=2).stderr
    access("review", "route", demand, "--org", "health")
    assert "release: not for a demand" in access("review", "answer", demand, "--release", "1", status=2).stderr
    assert "(answered)" in access("review", "answer", demand, "--as", "helen", "--dataset", "notes").stderr
    correction = access(
        "correction",
        "raise",
        "notes",
        "caller",
        "--as",
        "tom",
        "--key",
        "note_no=N1",
        "--wrong",
        "w",
        "--evidence",
        "e",
    ).stdout.strip()
    assert correction in access("correction", "list").stdout
    blank = access("break-glass", "ask", "visits", "--as", "sue", "--reason", " ", status=2).stderr
    assert "reason: it must not be empty; it is kept with the case" in blank
    glass = access("break-glass", "ask", "visits", "--as", "sue", "--reason", "r").stdout.strip()
    assert "nobody judges" in access("review", "confirm", glass, "--as", "sue", status=2).stderr
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    for acting in ((), ("--as", "sam")):  # another name, typed by the same login
        assert "second person" in access("review", "confirm", glass, *acting, status=2).stderr
    assert "confirm" not in json.loads(access("show", glass, "--as", "sam").stdout)["may"]
    assert glass in access("break-glass", "list").stdout
    assert demand in access("demand", "list", "--state", "answered").stdout
    monkeypatch.setattr(desk, "now", lambda: START.replace(year=2027))
    assert correction in access("overdue").stdout


def test_without_a_release_the_command_that_makes_one_is_named(access: Access, tmp_path: Path) -> None:
    Workspace(tmp_path).current.unlink()
    assert "run `civiclake run`" in access("request", "list", status=5).stderr


def commands_of(document: Path) -> Iterator[str]:
    """Every `civiclake access` command in the document's shell blocks, continued lines joined."""
    for block in re.findall(r"```sh\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("civiclake access"):
                yield line


@pytest.mark.parametrize("line", list(commands_of(ROOT / "docs" / "govern.md")))
def test_every_command_of_the_page_is_taken(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = typer.main.get_command(app)
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None, line
        command = found
    with command.make_context(command.name, words):
        pass


def test_who_only_reads_waits_for_no_writer(access: Access, tmp_path: Path) -> None:
    case = access(*FILE).stdout.strip()
    store = ControlStore(sqlite_url(Workspace(tmp_path).control))
    with store.begin():
        for words in (
            ("request", "list"),
            ("overdue",),
            ("notices",),
            ("show", case),
            ("org", "list"),
            ("key", "list"),
        ):
            access(*words)
    store.close()
