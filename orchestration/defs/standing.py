"""What of a library need not be built again: what it was built from, and the results that still stand."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
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
from orchestration.transform.fingerprint import fingerprint, is_built
from orchestration.transform.news import reached_by
from orchestration.transform.parsed import manifest_json
from orchestration.transform.standing import Basis, Build, changed_since, current_snapshot, last_build, remember

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Results = list[tuple[str, CheckResult]]
_JUDGES = ("dbt-duckdb", "duckdb", "great-expectations")


@dataclass(frozen=True)
class Standing:
    """An earlier good build, every result it had, and what news has reached since: unique ids of models and tests.

    `whole` says that nothing has: all of it stands, and so do all the results.
    """

    build: Build
    results: Results
    reached: frozenset[str]
    whole: bool


def basis_of(session: Session, con: DuckDBPyConnection, as_of: date, filled: Collection[str]) -> Basis:
    """All that decides, besides rows, what the models hold and what is asked of them, as digests.

    SQL, settings, tests, vocabularies, the pseudonym key, the written checks and the code that runs them, and the
    versions of the engines are the ground; the day the models speak as of; the datasets that must not be empty.
    """
    digest = hashlib.sha256(fingerprint(session.workspace, con).encode())
    digest.update(project_digest(session.workspace.dbt).encode())
    digest.update(repr([(name, version(name)) for name in _JUDGES]).encode())
    for folder in expectations.__path__:
        for file in sorted(file for file in Path(folder).rglob("*") if file.suffix in {".py", ".yml"}):
            digest.update(file.name.encode() + file.read_bytes())
    asked = hashlib.sha256(repr(sorted(filled)).encode())
    return Basis(digest.hexdigest(), as_of.isoformat(), asked.hexdigest())


def what_stands(session: Session, con: DuckDBPyConnection, manifest: DbtManifest, basis: Basis) -> Standing | None:
    """What stands of the last good build; None when all must be built."""
    build = last_build(con)
    if build is None or build.basis.ground != basis.ground:
        return None
    changed = changed_since(con, build.snapshot)
    if changed is None or not is_built(session.workspace, fingerprint(session.workspace, con)):
        return None
    specs = library_specs(manifest)
    results = recorded(con, build.run_id, [spec for _, spec in specs])
    if results is None:
        return None
    found = [(model, result) for (model, _), result in zip(specs, results, strict=True)]
    day_passed = build.basis.day != basis.day
    reached = reached_by(manifest_json(session.manifest), changed, day_passed=day_passed)
    return Standing(build, found, frozenset(reached), whole=build.basis == basis and not changed)


def remember_good(con: DuckDBPyConnection, session: Session, run_id: str, basis: Basis, results: Results) -> None:
    """Note a whole build, unless a blocking check of it failed: then the next run asks again."""
    if not blocked(results):
        build = Build(run_id, basis, current_snapshot(con))
        remember(con, build, session.now().replace(tzinfo=None))


def blocked(results: Sequence[tuple[str, CheckResult]]) -> bool:
    """Whether a blocking check failed."""
    return any(result.spec.severity == "block" and not result.passed for _, result in results)
