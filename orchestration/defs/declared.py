"""The models as the parsed dbt project declares them, checked against the rules of the catalog before any is built."""

from __future__ import annotations

from catalog.errors import CatalogError
from catalog.manifest import DbtManifest
from catalog.rules import check_models
from orchestration.defs.session import Session
from orchestration.transform.assemble import authored_file
from orchestration.transform.parsed import manifest_json


def declared_models(session: Session) -> DbtManifest:
    """The manifest of the assembled project; its models are placed in the files they were written in."""
    return DbtManifest.parse(manifest_json(session.manifest), session.manifest.parent, authored_file(session.city))


def require_sound_models(session: Session) -> None:
    """CatalogError that names every model without title, grain, level or what else a release needs of it."""
    problems = check_models(declared_models(session))
    if problems:
        raise CatalogError(problems)
