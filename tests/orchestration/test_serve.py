"""`civiclake serve` before the first run: both servers come up, and say that there is no release yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from catalog.city import load_city
from catalog.workspace import Workspace
from orchestration.cli.init import write_city
from orchestration.cli.processes import Children, free_port
from orchestration.cli.serve import HOST, start_servers

YUNZHOU = Path(__file__).resolve().parents[2] / "examples" / "yunzhou"


@pytest.fixture
def children() -> Iterator[Children]:
    with Children() as children:
        yield children


def serve_empty(root: Path, home: Path, children: Children, steward_port: int | None = None) -> httpx.Response:
    """What the gateway of a city without a release answers; the steward's interface answers by then, if asked for."""
    port = free_port(18000, HOST)
    start_servers(children, load_city(root), Workspace(home), port, steward_port)
    return httpx.get(f"http://{HOST}:{port}/v1/datasets")


def test_rules_may_speak_of_datasets_to_come(
    tmp_path: Path, children: Children, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = serve_empty(YUNZHOU, tmp_path / "home", children)
    assert (answer.status_code, answer.json()["code"]) == (503, "no-release")
    assert "There is no release yet" in capsys.readouterr().out


@pytest.mark.slow
def test_a_new_city_has_a_stewards_interface_at_once(tmp_path: Path, children: Children) -> None:
    write_city(tmp_path / "newtown", "newtown", "Etc/UTC")
    steward_port = free_port(13000, HOST)
    answer = serve_empty(tmp_path / "newtown", tmp_path / "home", children, steward_port)
    assert answer.json()["code"] == "no-release"
    assert httpx.get(f"http://{HOST}:{steward_port}/server_info").status_code == 200
