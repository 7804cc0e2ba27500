"""What one gateway process is made of, handed to every request; there is no global state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from catalog.policy.model import TierLimits
from gateway.engine import Engine
from gateway.identity.service import Identity
from gateway.lookup.store import LookUps
from gateway.policy.actor import PUBLIC, Actor
from gateway.policy.shelf import PolicyShelf
from gateway.query.cursor import CursorSigner
from gateway.query.parse import Limits
from gateway.quota.admission import Admission
from gateway.quota.failures import Failures
from gateway.release.shelf import ReleaseShelf
from gateway.sandbox.pool import SandboxPool
from gateway.settings import GatewaySettings
from gateway.standards.library import Library
from gateway.web.kept import KeptAnswers
from gateway.withdrawal.register import WithdrawalRegister


@dataclass(frozen=True)
class Services:
    """The long-lived parts: settings, engine, shelf of releases, policy in force, register of withdrawals,
    signer of cursors, identity, admission, refusals, the catalogue's documents, processes for questions in SQL,
    answers that are kept, look-up files."""

    settings: GatewaySettings
    engine: Engine
    shelf: ReleaseShelf
    policies: PolicyShelf
    withdrawals: WithdrawalRegister
    signer: CursorSigner
    identity: Identity
    admission: Admission
    failures: Failures
    library: Library
    sandboxes: SandboxPool
    kept: KeptAnswers
    look_ups: LookUps

    def tier_limits(self, actor: Actor) -> TierLimits | None:
        """What the policy lets callers of the actor's tier use; None where it says nothing, so lets them do nothing."""
        policy = self.policies.current
        return policy.limits.get(actor.tier) if policy is not None else None

    def query_limits(self, actor: Actor) -> Limits:
        """What one request of the actor may ask for."""
        limits = self.tier_limits(actor)
        if limits is None:
            return self.limits
        return replace(self.limits, max_rows=min(self.limits.max_rows, limits.page_rows))

    @property
    def zone(self) -> tzinfo:
        """The zone of the city's clocks; UTC before the first release."""
        release = self.shelf.current
        return ZoneInfo(release.catalog.city.timezone) if release is not None else UTC

    @property
    def limits(self) -> Limits:
        """What one request may ask for."""
        settings = self.settings
        return Limits(settings.max_page_rows, settings.max_conditions, settings.max_set_values)

    def cache_control(self, actor: Actor) -> str:
        """Who may keep an answer, and how long without asking again: only answers to the public are anybody's."""
        if actor != PUBLIC:
            return "private, no-cache"
        return f"public, max-age={self.settings.max_age}" if self.settings.max_age else "public, no-cache"
