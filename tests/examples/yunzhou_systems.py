"""The simulated departments of Yunzhou, moved as a test needs them, and what their systems then hold."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

CITY = Path(__file__).resolve().parents[2] / "examples" / "yunzhou"
FIRST, LAST = date(2026, 6, 22), date(2026, 6, 30)  # nine days with a Monday, a late, a doubled and a broken drop


def departments(*words: str | Path) -> str:
    """Output of `python -m departments …`."""
    command = [sys.executable, "-m", "departments", *map(str, words)]
    done = subprocess.run(command, cwd=CITY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def generate(home: Path, *options: str) -> Path:
    departments("generate", "--home", home, "--days", str((LAST - FIRST).days + 1), "--until", str(LAST), *options)
    return home


def contents(folder: Path, *names: str) -> dict[str, bytes]:
    """Bytes of every file below parts of a folder."""
    files = [file for name in names for file in sorted((folder / name).rglob("*")) if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def dump(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


def permits(database: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return sorted(connection.execute("select * from xk_info"), key=repr)
