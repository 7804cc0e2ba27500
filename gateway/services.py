"""What one gateway process is made of, handed to every request; there is no global state."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.engine import Engine
from gateway.query.cursor import CursorSigner
from gateway.query.parse import Limits
from gateway.release.shelf import ReleaseShelf
from gateway.settings import GatewaySettings


@dataclass(frozen=True)
class Services:
    """The long-lived parts: settings, engine, shelf of releases, signer of cursors."""

    settings: GatewaySettings
    engine: Engine
    shelf: ReleaseShelf
    signer: CursorSigner

    @property
    def limits(self) -> Limits:
        """What one request may ask for."""
        settings = self.settings
        return Limits(settings.max_page_rows, settings.max_conditions, settings.max_set_values)

    @property
    def cache_control(self) -> str:
        """How long public answers may be kept without asking again."""
        return f"public, max-age={self.settings.max_age}" if self.settings.max_age else "public, no-cache"
