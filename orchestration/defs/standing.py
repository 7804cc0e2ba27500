"""A library that need not be built again: what it was built from, and the results that still stand."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import expectations
from catalog.manifest import DbtManifest
from expectations.checks import CheckResult
from expectations.results import recorded
from orchestration.defs.checks import library_specs
from orchestration.defs.session import Session
from orchestration.transform.assemble import project_digest
from orchestration.transform.fingerprint import fingerprint
from orchestration.transform.standing import Build, current_snapshot, remember, standing

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Results = list[tuple[str, CheckResult]]
_JUDGES = ("dbt-duckdb", "duckdb", "great-expectations")


def basis_of(session: Session, con: DuckDBPyConnection, as_of: date, filled: Collection[str]) -> str:
    """Digest of all that decides, besides the lake itself, what the models hold and what is asked of them.

    The day they speak as of, SQL, settings, tests, vocabularies, the pseudonym key, the written checks and the code
    that runs them, the datasets that must not be empty, and the versions of the engines.
    """
    digest = hashlib.sha256(fingerprint(session.workspace, con).encode())
    digest.update(project_digest(session.workspace.dbt).encode())
    digest.update(repr((as_of, sorted(filled), [(name, version(name)) for name in _JUDGES])).encode())
    for folder in expectations.__path__:
        for file in sorted(file for file in Path(folder).rglob("*") if file.suffix in {".py", ".yml"}):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def earlier_results(con: DuckDBPyConnection, manifest: DbtManifest, basis: str) -> tuple[Build, Results] | None:
    """The build that stands and the results of every check of the library then; None when it must be built."""
    build = standing(con, basis)
    if build is None:
        return None
    specs = library_specs(manifest)
    results = recorded(con, build.run_id, [spec for _, spec in specs])
    if results is None:
        return None
    return build, [(model, result) for (model, _), result in zip(specs, results, strict=True)]


def remember_good(con: DuckDBPyConnection, session: Session, run_id: str, basis: str, results: Results) -> None:
    """Note a whole build, unless a blocking check of it failed: then the next run asks again."""
    if not blocked(results):
        build = Build(run_id, basis, current_snapshot(con))
        remember(con, build, session.now().replace(tzinfo=None))


def blocked(results: Sequence[tuple[str, CheckResult]]) -> bool:
    """Whether a blocking check failed."""
    return any(result.spec.severity == "block" and not result.passed for _, result in results)
