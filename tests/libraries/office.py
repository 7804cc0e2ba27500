"""The release of the whole city served to somebody with a key, within this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from gateway.app import create_app
from gateway.identity.presented import KEY_HEADER
from gateway.settings import GatewaySettings
from tests.gateway.commands import access_in


def key_of(home: Path, person: str, organisation: str, *area: str) -> dict[str, str]:
    """Register a department and somebody of it as a steward does; the header that carries the new key.

    `area` are the words that make the department's area smaller than its city.
    """
    access = access_in(home)
    access("org", "add", organisation, *area)
    access("person", "add", person, "--org", organisation, "--title", person)
    return {KEY_HEADER: access("key", "issue", person, "--title", "test", "--days", "9").output.split()[-1]}


@asynccontextmanager
async def asking(home: Path, headers: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the gateway over a home that sends the headers with every request."""
    app = create_app(GatewaySettings(home=home))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client:
            yield client
