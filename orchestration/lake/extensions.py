"""DuckDB extensions from their installed wheels: a directory of links, so that nothing is downloaded at run time."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

EXTENSIONS = ("ducklake", "sqlite_scanner", "postgres_scanner", "icu")


class MissingExtensionError(RuntimeError):
    """An extension wheel is not installed, or not for this DuckDB."""


def wheel_file(name: str, version: str) -> Path:
    """The extension file inside the installed wheel for DuckDB `version` (such as `v1.5.5`)."""
    package = f"duckdb_extension_{name}"
    spec = find_spec(package)
    wanted = f"duckdb-extension-{name.replace('_', '-')}=={version.removeprefix('v')}"
    mend = f"Install {wanted}: `make check` or `.tools/bin/uv sync --frozen` does it."
    if spec is None or spec.origin is None:
        raise MissingExtensionError(f"DuckDB extension `{name}` is not installed. {mend}")
    file = Path(spec.origin).parent / "extensions" / version / f"{name}.duckdb_extension"
    if not file.exists():
        raise MissingExtensionError(f"{package} holds no file for DuckDB {version}. {mend}")
    return file


def link_extensions(directory: Path, version: str, platform: str) -> Path:
    """Fill `directory` with `<version>/<platform>/<name>.duckdb_extension` links; returns `directory`.

    Links that point elsewhere (an older environment) are replaced in one step, so that several processes may do
    this at once. Any other extension found there is removed: what is loaded comes from the installed packages.
    """
    folder = directory / version / platform
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.duckdb_extension"):
        if file.name.removesuffix(".duckdb_extension") not in EXTENSIONS:
            file.unlink(missing_ok=True)
    for name in EXTENSIONS:
        target, link = wheel_file(name, version), folder / f"{name}.duckdb_extension"
        if link.is_symlink() and link.readlink() == target:
            continue
        fresh = folder / f".{name}.{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(link)
    return directory
