"""Each workspace of a real city makes its pseudonyms from a secret of its own; demonstrations share a public one."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.city import load_city
from catalog.workspace import Workspace
from orchestration.transform.pseudonyms import (
    DEMO_PSEUDONYM_KEY,
    PSEUDONYM_KEY,
    ensure_pseudonym_key,
    pseudonym_key,
)

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def workspaces(tmp_path: Path) -> list[Workspace]:
    """Two empty ones."""
    found = [Workspace(tmp_path / name) for name in ("one", "other")]
    for workspace in found:
        workspace.home.mkdir()
    return found


def test_a_real_city_has_a_key_in_each_workspace(workspaces: list[Workspace]) -> None:
    city = load_city(EXAMPLES / "chicago")
    for workspace in workspaces:
        ensure_pseudonym_key(city, workspace)
        assert workspace.pseudonym_key.stat().st_mode & 0o777 == 0o600
    keys = [pseudonym_key(workspace) for workspace in workspaces]
    assert len({*keys, DEMO_PSEUDONYM_KEY}) == 3
    assert min(map(len, keys)) == 64
    ensure_pseudonym_key(city, workspaces[0])
    assert pseudonym_key(workspaces[0]) == keys[0], "the next run finds it"


def test_what_the_environment_says_holds(workspaces: list[Workspace], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PSEUDONYM_KEY, "told")
    ensure_pseudonym_key(load_city(EXAMPLES / "chicago"), workspaces[0])
    assert not workspaces[0].pseudonym_key.exists()
    assert pseudonym_key(workspaces[0]) == "told"


def test_demonstrations_look_the_same(workspaces: list[Workspace]) -> None:
    for workspace in workspaces:
        ensure_pseudonym_key(load_city(EXAMPLES / "yunzhou"), workspace)
        assert pseudonym_key(workspace) == DEMO_PSEUDONYM_KEY
