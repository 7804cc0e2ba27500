"""Puts one gateway process together."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from catalog.workspace import Workspace
from gateway.doors import health, problems
from gateway.doors.native import access, datasets, files, openapi, rows
from gateway.engine import Engine
from gateway.policy.masks import JoinKeys
from gateway.policy.shelf import Clock, PolicyShelf, utc_now
from gateway.portal import landing
from gateway.query.cursor import CursorSigner
from gateway.release.shelf import ReleaseShelf
from gateway.services import Services
from gateway.settings import GatewaySettings
from gateway.web import handlers
from gateway.web.middleware import ReleaseLease, RequestLog

ROUTERS = (
    landing.router,
    health.router,
    problems.router,
    openapi.router,
    datasets.router,
    access.router,
    rows.router,
    files.router,
)
_EXPOSED = ("ETag", "Link", "Content-Range", "X-Request-Id", "CivicLake-Release", "CivicLake-Complete")


def create_app(settings: GatewaySettings | None = None, *, clock: Clock = utc_now) -> FastAPI:
    """The ASGI application. Without settings they are read from CIVICLAKE_GATEWAY_* variables."""
    settings = settings or GatewaySettings()
    workspace = Workspace(settings.home.resolve())
    engine = Engine(
        workspace.releases.resolve(),
        memory_limit=settings.memory_limit,
        threads=settings.engine_threads,
        places=settings.concurrent_statements,
        exports=settings.concurrent_exports,
    )
    keys = JoinKeys(settings.join_key_secret.get_secret_value().encode() if settings.join_key_secret else None)
    policies = PolicyShelf(workspace.policy, settings.release_poll, clock=clock, keys=keys)
    shelf = ReleaseShelf(workspace, engine, settings.release_poll, policies)
    secret = settings.cursor_secret.get_secret_value().encode() if settings.cursor_secret else secrets.token_bytes(32)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await policies.start()
        await shelf.start()
        try:
            yield
        finally:
            await shelf.stop()
            await policies.stop()
            engine.close()

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan, redirect_slashes=False)
    app.state.services = Services(settings, engine, shelf, policies, CursorSigner(secret))
    for router in ROUTERS:
        app.include_router(router)
    handlers.install(app)
    app.add_middleware(ReleaseLease, shelf=shelf)
    app.add_middleware(
        CORSMiddleware, allow_origins=settings.cors_origins, allow_methods=["GET", "HEAD"], expose_headers=_EXPOSED
    )
    app.add_middleware(RequestLog)
    return app
