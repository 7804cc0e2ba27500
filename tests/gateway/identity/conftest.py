"""A gateway over one small release with its control store, a clock that is set by hand, and people registered in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catalog.policy.divisions import DivisionTree
from catalog.policy.model import Division
from catalog.workspace import Workspace
from gateway.control import accounts, keys
from gateway.control.credentials import CredentialTerms
from gateway.control.store import ControlStore
from gateway.identity.scope import Scope
from gateway.identity.service import Identity, open_identity
from gateway.settings import GatewaySettings

START = datetime(2024, 5, 1, 8, tzinfo=UTC)
TREE = DivisionTree(
    [
        Division(code="990100", level=2),
        Division(code="990101", level=3, parent="990100"),
        Division(code="990102", level=3, parent="990100"),
        Division(code="990101001", level=4, parent="990101"),
        Division(code="990101002", level=4, parent="990101"),
    ]
)


@dataclass
class SetClock:
    """A clock that stands still until it is moved."""

    moment: datetime = START

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **span: float) -> datetime:
        self.moment += timedelta(**span)
        return self.moment


@dataclass
class Office:
    """Identity without HTTP, and short ways to fill its store."""

    identity: Identity
    clock: SetClock = field(default_factory=SetClock)

    @property
    def store(self) -> ControlStore:
        return self.identity.store

    def organisation(self, code: str, kind: str = "department", divisions: tuple[str, ...] = ("990101",)) -> None:
        with self.store.begin() as session:
            accounts.add_organisation(
                session, code=code, kind=kind, title=(code, code), divisions=divisions, now=self.clock(), by="test"
            )

    def principal(
        self, name: str, organisation: str | None = None, kind: str = "person", login: str | None = None
    ) -> None:
        with self.store.begin() as session:
            accounts.add_principal(
                session,
                name=name,
                kind=kind,
                title=name,
                organisation=organisation,
                login=login,
                now=self.clock(),
                by="test",
            )

    def key(self, principal: str, scope: Scope | None = None, days: float = 30) -> keys.IssuedKey:
        with self.store.begin() as session:
            terms = CredentialTerms(principal, "", scope or Scope(), timedelta(days=days))
            return keys.issue(session, self.identity.hasher, terms, now=self.clock(), by="test")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A department A with a person `ann` and a system `board`, a developer `dev`, a steward `sue`."""
    clock = SetClock()
    settings = GatewaySettings(home=tmp_path)
    identity = open_identity(settings, Workspace(tmp_path), clock=clock, tree=lambda: TREE)
    identity.store.migrate()
    found = Office(identity, clock)
    found.organisation("A")
    found.principal("ann", "A")
    found.principal("board", "A", "system")
    found.principal("dev")
    found.principal("sue", kind="steward")
    yield found
    identity.close()
