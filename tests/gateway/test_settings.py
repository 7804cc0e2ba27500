"""Settings come from CIVICLAKE_GATEWAY_* and are refused when they are not known or not sensible."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.settings import PREFIX, GatewaySettings
from tests.gateway.conftest import ROOT


def test_they_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(PREFIX + "HOME", str(tmp_path))
    monkeypatch.setenv(PREFIX + "MAX_PAGE_ROWS", "500")
    settings = GatewaySettings()
    assert (settings.home, settings.max_page_rows, settings.default_page_rows) == (tmp_path, 500, 100)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_PAGE_ROW", "5"),  # a slip: the real one ends in S
        ("MAX_PAGE_ROWS", "0"),
        ("MAX_PAGE_ROWS", "50"),  # below the default page
        ("STATEMENT_TIMEOUT", "-1"),
        ("MEMORY_LIMIT", "1GB'; --"),
        ("MAX_AGE", "3600"),
        ("CURSOR_SECRET", "short"),
    ],
)
def test_slips_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(ValidationError):
        GatewaySettings(home=tmp_path)


def test_the_secret_is_not_shown(tmp_path: Path) -> None:
    assert "a-long-secret-value" not in repr(GatewaySettings(home=tmp_path, cursor_secret="a-long-secret-value"))


def test_the_command_says_which_setting_is_wrong(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gateway", "--home", str(tmp_path), "--port", "99999"]
    wrong = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert f"{PREFIX}PORT" in wrong.stderr
    nowhere = subprocess.run(
        [*command[:-3], str(tmp_path / "nowhere")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (nowhere.returncode, "there is no folder" in nowhere.stderr) == (2, True)
    environment = os.environ | {PREFIX + "PROT": "1"}
    unknown = subprocess.run(command[:-2], cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert unknown.returncode == 2
    assert f"unknown setting {PREFIX}PROT" in unknown.stderr
