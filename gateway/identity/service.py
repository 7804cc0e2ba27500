"""The parts of identity put together for one gateway process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog.policy.divisions import DivisionTree
from catalog.workspace import Workspace
from gateway.control.store import ControlStore, sqlite_url
from gateway.identity.callers import Callers
from gateway.identity.oidc import OpenIdLogin
from gateway.identity.secret_files import Secrets, load_secrets
from gateway.identity.secret_text import Hasher
from gateway.identity.token_endpoint import TokenEndpoint, holder_check
from gateway.identity.tokens import TokenSigner
from gateway.settings import GatewaySettings

ISSUER = "urn:civiclake:gateway"
"""Who tokens are from and for when no public address is set."""


@dataclass(frozen=True)
class Identity:
    """Control store, secrets, callers, token endpoint and, when one is set up, the OpenID provider."""

    store: ControlStore
    secrets: Secrets
    hasher: Hasher
    callers: Callers
    tokens: TokenEndpoint
    login: OpenIdLogin | None
    clock: Callable[[], datetime]

    def close(self) -> None:
        """Give all connections back."""
        self.store.close()
        if self.login is not None:
            self.login.close()


def control_url(settings: GatewaySettings, workspace: Workspace) -> str:
    """URL of the control store: the one that is set, else a SQLite file of the workspace."""
    return settings.control_url.get_secret_value() if settings.control_url else sqlite_url(workspace.control)


def open_identity(
    settings: GatewaySettings,
    workspace: Workspace,
    *,
    clock: Callable[[], datetime],
    tree: Callable[[], DivisionTree],
) -> Identity:
    """Open, but do not yet connect. StoreError when a secret cannot be had."""
    secrets = load_secrets(settings, workspace.control.parent)
    store, hasher = ControlStore(control_url(settings, workspace)), Hasher(secrets.pepper)
    issuer = settings.public_url or ISSUER
    signer = TokenSigner(secrets.tokens, issuer)
    callers = Callers(store, hasher, signer, clock=clock, tree=tree, terms=settings.terms_version)
    tokens = TokenEndpoint(
        store,
        hasher,
        signer,
        issuer=issuer,
        lifetime=timedelta(seconds=settings.access_token_lifetime),
        clock=clock,
        check=holder_check(store, tree, settings.terms_version),
    )
    return Identity(store, secrets, hasher, callers, tokens, _login(settings, signer, clock), clock)


def _login(settings: GatewaySettings, signer: TokenSigner, clock: Callable[[], datetime]) -> OpenIdLogin | None:
    if settings.oidc_issuer is None or settings.oidc_client_id is None or settings.public_url is None:
        return None
    secret = settings.oidc_client_secret
    return OpenIdLogin(
        signer,
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=secret.get_secret_value() if secret else None,
        claim=settings.oidc_claim,
        public_url=settings.public_url,
        clock=clock,
    )
