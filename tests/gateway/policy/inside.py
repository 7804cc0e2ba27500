"""The application asked without a network: quick enough for thousands of requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from gateway.app import create_app
from gateway.settings import GatewaySettings
from tests.gateway.policy.city import NOW, SECRET


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application over a home, its clock standing still."""
    app = create_app(GatewaySettings(home=home, **SECRET), clock=lambda: NOW)  # type: ignore[arg-type]
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        headers = {"Accept-Encoding": "identity", "X-Request-Id": "question-1"}
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client:
            yield client
