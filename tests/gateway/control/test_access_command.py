"""`civiclake access` as a steward types it: what it prints, where, and with which exit status."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from catalog.workspace import Workspace
from gateway.control.cli.options import show
from gateway.identity.secret_text import mint, public_id
from tests.gateway.commands import Access, access_in

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return access_in(tmp_path)


def test_a_department_from_its_code_to_a_key_that_is_revoked(access: Access, tmp_path: Path) -> None:
    assert "云州市城市管理局 Yunzhou City Management Bureau" in access("org", "add", "YZ-CGJ").stderr
    assert "tier T2" in access("person", "add", "wang-fang", "--org", "YZ-CGJ", "--title", "王芳").stderr
    issued = access("key", "issue", "wang-fang", "--dataset", "permits", "--days", "90")
    key = issued.stdout.strip()
    name = public_id("clk", key)
    assert name is not None
    assert "shown this once" in issued.stderr
    who = json.loads(access("whoami", "--key", key).stdout)
    assert (who["id"], who["divisions"], who["narrowed_to"]["datasets"]) == ("wang-fang", ["990100"], ["permits"])
    grant = access(
        "grant", "add", "permits", "--to", "wang-fang", "--column", "party", "--basis", "条例"
    ).stdout.strip()
    checks = ("--action", "verify", "--purpose", "law_enforcement", "--basis", "条例")
    access("grant", "add", "permits", "--to", "wang-fang", "--column", "party", *checks)
    granted = access("grant", "list").stdout
    assert max(map(len, granted.splitlines())) < 80
    assert f"{grant}  permits to wang-fang: read\n" in granted
    assert "  permits to wang-fang: verify\n" in granted
    assert "    purpose law_enforcement; basis 条例\n" in granted
    access("grant", "revoke", grant, "--reason", "done")
    assert grant not in access("grant", "list").stdout
    assert grant in access("grant", "list", "--ended").stdout
    rotated = access("key", "rotate", name, "--overlap", "1")
    assert re.search(r"Key \w+, (until [\d-]+),", rotated.stderr)[1] in issued.stderr  # type: ignore[index]
    fresh = rotated.stdout.strip()
    access("key", "revoke", name)
    assert "revoked" in access("whoami", "--key", key, status=2).stderr
    assert json.loads(access("whoami", "--key", fresh).stdout)["id"] == "wang-fang"
    listed = access("key", "list").stdout
    assert f"{name}  wang-fang\n    until " in listed
    assert "    within: datasets permits\n" in listed
    assert key.rpartition("_")[2] not in listed
    assert Workspace(tmp_path).control.stat().st_mode & 0o077 == 0


def test_ids_are_whole_however_narrow_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    name = "0123456789abcdef0123456789abcdef"
    show("Deliveries", ("event", "to", "about"), [(name, "department", "words and more words")])
    assert name in capsys.readouterr().out


def test_a_system_acts_once_something_is_delegated(access: Access, tmp_path: Path) -> None:
    access("org", "add", "YZ-CGJ")
    access("system", "add", "board", "--org", "YZ-CGJ")
    key = access("key", "issue", "board").stdout.strip()
    assert "delegation" in access("whoami", "--key", key, status=2).stderr
    delegation = access("delegate", "board", "--dataset", "permits", "--division", "990101").stdout.strip()
    assert json.loads(access("whoami", "--key", key).stdout)["narrowed_to"]["rows"] == {"divisions": ["990101"]}
    access("undelegate", delegation)
    access("whoami", "--key", key, status=2)
    registered = access("client", "add", "board").stdout
    assert re.fullmatch(r"client_id \w{12}\nclient_secret cls_\w+\n", registered)
    assert registered.split()[1] in access("client", "list").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("org", "add", "NOPE"), "organisation.csv"),
        (("person", "add", "x1", "--org", "NOPE"), "civiclake access org add NOPE"),
        (("org", "add", "YZ-CGJ", "--division", "1"), "division.csv"),
        (("key", "issue", "nobody"), "nobody is registered as nobody"),
        (("key", "revoke", "abc"), "civiclake access key list"),
        (("whoami", "--key", mint("clk").text), "unknown, expired or revoked"),
        (("delegate", "nobody", "--days", "4000"), "at most 366"),
        (("org", "list", "--city", "/nowhere"), "is not a city"),
    ],
)
def test_a_mistake_is_answered_with_its_mend(access: Access, words: tuple[str, ...], said: str) -> None:
    done = access(*words, status=2)
    assert said in done.output
    assert "Traceback" not in done.output


def test_no_city_is_governed_where_there_is_none(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    done = access_in(elsewhere)("org", "add", "YZ-CGJ", status=5)
    assert str(elsewhere) in done.output.replace("\n", "")
    assert "--home" in done.output
    assert not elsewhere.exists()
