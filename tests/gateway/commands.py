"""`civiclake access` as a steward types it, over a home of the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner, Result

from orchestration.cli.main import app

CITY = Path(__file__).resolve().parents[2] / "examples" / "yunzhou"
Access = Callable[..., Result]


def access_in(home: Path) -> Access:
    """Runs the words of a command; it must end with the exit status `status`, 0 unless given."""
    env = {"COLUMNS": "250", "CIVICLAKE_HOME": str(home), "CIVICLAKE_CITY": str(CITY)}

    def run(*words: str, status: int = 0) -> Result:
        done = CliRunner(env=env).invoke(app, ["access", *words])
        assert done.exit_code == status, done.output
        return done

    return run
