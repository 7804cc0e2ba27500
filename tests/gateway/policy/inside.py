"""The application asked without a network: quick enough for thousands of requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from gateway.app import create_app
from gateway.settings import GatewaySettings
from tests.gateway.policy.city import NOW, SECRET

HEADERS = {"Accept-Encoding": "identity", "X-Request-Id": "question-1"}


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application over a home, its clock standing still."""
    async with _running(home) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=HEADERS) as client:
            yield client


@asynccontextmanager
async def asked(home: Path) -> AsyncIterator[Questioner]:
    """The same for tens of thousands of requests: nothing but the application's own work is done for each."""
    async with _running(home) as app:
        yield Questioner(app)


class Questioner:
    """Hands an application its requests as a server would."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def ask(self, address: str, headers: Mapping[str, str], body: bytes | None = None) -> httpx.Response:
        """The whole answer to one GET, or where there is a body to one POST."""
        url = httpx.URL(address)
        named = {"host": "gateway", **{name.lower(): value for name, value in {**HEADERS, **headers}.items()}}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET" if body is None else "POST",
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
            "scheme": "http",
            "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0],
            "query_string": url.query,
            "server": ("gateway", None),
            "client": ("127.0.0.1", 123),
            "root_path": "",
        }
        told: list[dict[str, Any]] = []
        waiting, done = [_NOTHING | {"body": body or b""}], asyncio.Event()

        async def receive() -> dict[str, Any]:
            if waiting:
                return waiting.pop()
            await done.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            told.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                done.set()

        await self._app(scope, receive, send)
        start, *parts = told
        return httpx.Response(
            start["status"], headers=start["headers"], content=b"".join(part.get("body", b"") for part in parts)
        )


_NOTHING = {"type": "http.request", "body": b"", "more_body": False}


@asynccontextmanager
async def _running(home: Path) -> AsyncIterator[Any]:
    app = create_app(GatewaySettings(home=home, **SECRET), clock=lambda: NOW)  # type: ignore[arg-type]
    async with app.router.lifespan_context(app):
        yield app
