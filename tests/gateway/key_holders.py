"""Callers with real API keys in the control store of a home: one of each tier."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from catalog.policy.divisions import DivisionTree
from catalog.workspace import Workspace
from gateway.control import accounts, keys
from gateway.control.credentials import CredentialTerms
from gateway.identity.presented import KEY_HEADER
from gateway.identity.scope import Scope
from gateway.identity.service import open_identity
from gateway.settings import GatewaySettings

ALL = Scope()
OWNER, OTHER = "housing-bureau", "traffic-bureau"
HOLDERS = {
    "developer": ("person", "app-maker"),
    "owner": ("person", OWNER),
    "other": ("person", OTHER),
    "steward": ("steward", None),
}


def _now() -> datetime:
    return datetime.now(UTC)


def issue_keys(home: Path, clock: Callable[[], datetime] = _now, scope: Scope = ALL) -> dict[str, dict[str, str]]:
    """Register the callers; the header that each of them sends, by name. Their keys are as wide as `scope`."""
    identity = open_identity(GatewaySettings(home=home), Workspace(home), clock=clock, tree=lambda: DivisionTree(()))
    identity.store.migrate()
    now, headers = clock(), {}
    with identity.store.begin() as session:
        for code, kind in ((OWNER, "department"), (OTHER, "department"), ("app-maker", "developer")):
            accounts.add_organisation(
                session, code=code, kind=kind, title=(code, code), divisions=(), now=now, by="test"
            )
        for name, (kind, organisation) in HOLDERS.items():
            accounts.add_principal(
                session, name=name, kind=kind, title=name, organisation=organisation, now=now, by="test"
            )
            if organisation == "app-maker":
                accounts.accept_terms(session, name, "1", now, "test")
            terms = CredentialTerms(name, "test", scope, timedelta(days=1))
            issued = keys.issue(session, identity.hasher, terms, now=now, by="test")
            headers[name] = {KEY_HEADER: issued.text}
    identity.close()
    return headers
