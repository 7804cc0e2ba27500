"""Puts one gateway process together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio.to_thread
from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from catalog.policy.divisions import DivisionTree
from catalog.policy.load import shared_policy
from catalog.workspace import Workspace
from gateway.audit import doors as usage
from gateway.audit.middleware import AuditTrail
from gateway.doors import health, login, oauth, problems, whoami
from gateway.doors.admin import ROUTERS as ADMIN_ROUTERS
from gateway.doors.deps import PURPOSE_HEADER, admitted
from gateway.doors.facades import ROUTERS as FACADE_ROUTERS
from gateway.doors.native import (
    access,
    changes,
    codes,
    cost,
    count,
    datasets,
    facets,
    files,
    groups,
    openapi,
    releases,
    rows,
)
from gateway.doors.native import sql as sql_door
from gateway.doors.native import verify as verify_door
from gateway.doors.native import withdrawals as withdrawals_door
from gateway.doors.requests import ROUTERS as REQUEST_ROUTERS
from gateway.doors.standards import ROUTERS as STANDARDS_ROUTERS
from gateway.engine import Engine
from gateway.express.lane import ExpressLane
from gateway.identity.foreign import APP_TOKEN_HEADER, CKAN_HEADER
from gateway.identity.middleware import Identify, vary_of
from gateway.identity.presented import KEY_HEADER
from gateway.identity.service import open_identity
from gateway.lookup.store import LookUps
from gateway.notices import feed_door, subscription_door
from gateway.notices.desk import open_desk
from gateway.policy.masks import JoinKeys
from gateway.policy.shelf import Clock, PolicyShelf, utc_now
from gateway.portal import dataset_page, landing
from gateway.query.cursor import CursorSigner
from gateway.quota.failures import Failures
from gateway.quota.service import open_admission
from gateway.receipts import door as receipts
from gateway.receipts.middleware import Receipts
from gateway.release.shelf import ReleaseShelf
from gateway.sandbox.pool import SandboxPool
from gateway.services import Services
from gateway.settings import GatewaySettings
from gateway.standards.library import Library
from gateway.web import handlers
from gateway.web.body_limit import BodyLimit
from gateway.web.kept import KeptAnswers
from gateway.web.middleware import ReleaseLease, RequestLog
from gateway.withdrawal.copies import FileCopies
from gateway.withdrawal.manual import ManualList
from gateway.withdrawal.register import WithdrawalRegister
from gateway.withdrawal.sources import Sources

ROUTERS = (
    rows.router,  # what is asked most stands first: routes are tried in turn
    groups.router,
    files.router,
    landing.router,
    dataset_page.router,
    health.router,
    problems.router,
    openapi.router,
    *STANDARDS_ROUTERS,
    datasets.router,
    access.router,
    cost.router,
    facets.router,
    count.router,
    changes.router,
    sql_door.router,
    verify_door.router,
    codes.router,
    releases.router,
    usage.router,
    receipts.router,
    withdrawals_door.router,
    feed_door.router,
    subscription_door.router,
    whoami.router,
    oauth.router,
    login.router,
    *FACADE_ROUTERS,
    *REQUEST_ROUTERS,
)
_TAKEN = ("Authorization", "If-None-Match", "Prefer")
_EXPOSED = (
    "ETag",
    "Link",
    "Content-Range",
    "X-Request-Id",
    "CivicLake-Release",
    "CivicLake-Complete",
    "CivicLake-Total",
    "CivicLake-Withheld",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Content-Digest",
    "Repr-Digest",
    "Signature",
    "Signature-Input",
    "X-SODA2-Fields",
    "X-SODA2-Types",
    "OData-Version",
    "Preference-Applied",
)
_PATIENCE = 5.0  # seconds that the audit log gets at start, and at the end to write what waits


class Gateway(FastAPI):
    """The application behind its express lane."""

    lane: ExpressLane | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, by the lane where it knows how to."""
        if self.lane is not None and scope["type"] == "http":
            await self.lane.serve(scope, receive, send, super().__call__)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: GatewaySettings | None = None, *, clock: Clock = utc_now) -> Gateway:
    """The ASGI application. Without settings they are read from CIVICLAKE_GATEWAY_* variables."""
    settings = settings or GatewaySettings()
    workspace = Workspace(settings.home.resolve())
    engine = Engine(
        workspace.releases.resolve(),
        memory_limit=settings.memory_limit,
        threads=settings.engine_threads,
        places=settings.concurrent_statements,
        exports=settings.concurrent_exports,
        cache=workspace.cache.resolve(),
    )
    nowhere = DivisionTree(())

    def tree() -> DivisionTree:
        return policies.current.division_tree if policies.current is not None else nowhere

    def failures_per_minute() -> int:
        policy = policies.current
        said = policy.failed_credentials_per_minute if policy is not None else None
        return said or shared_policy().failed_credentials_per_minute

    admission = open_admission(settings, workspace, clock)
    failures = Failures(admission, failures_per_minute)
    identity = open_identity(settings, workspace, clock=clock, tree=tree)
    keys = JoinKeys(identity.secrets.join)
    policies = PolicyShelf(workspace.policy, settings.release_poll, clock=clock, keys=keys)
    kept = KeptAnswers(settings.answer_cache)

    def forget() -> None:
        kept.clear()
        if app.lane is not None:
            app.lane.forget()

    withdrawals = WithdrawalRegister(
        Sources(workspace, ManualList(identity.store), clock),
        engine,
        FileCopies(workspace.cache.resolve() / "files", engine),
        poll=settings.withdrawal_poll,
        grace=2 * settings.statement_timeout,
        forget=forget,
    )
    shelf = ReleaseShelf(
        workspace,
        engine,
        settings.release_poll,
        policies,
        withdrawals.prepare,
        earlier=settings.earlier_releases,
    )
    look_ups = LookUps(settings.earlier_releases + 1)
    sandboxes = SandboxPool(settings.sandboxes)
    notices = open_desk(settings, workspace, identity, shelf, policies, withdrawals, admission)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as parts:  # each is stopped, whatever becomes of the others; the log last of all
            await anyio.to_thread.run_sync(identity.store.migrate)
            await anyio.to_thread.run_sync(admission.start, _PATIENCE)
            parts.push_async_callback(anyio.to_thread.run_sync, admission.stop, _PATIENCE)
            parts.callback(engine.close)
            parts.callback(look_ups.close)
            parts.callback(identity.close)
            await policies.start()
            parts.push_async_callback(policies.stop)
            await shelf.start()
            parts.push_async_callback(shelf.stop)
            await withdrawals.start(lambda: shelf.opened)
            parts.push_async_callback(withdrawals.stop)
            await notices.start()
            parts.push_async_callback(notices.stop)
            parts.push_async_callback(sandboxes.stop)
            yield

    app = Gateway(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        dependencies=[Depends(admitted)],
    )
    services = app.state.services = Services(
        settings,
        engine,
        shelf,
        policies,
        withdrawals,
        CursorSigner(identity.secrets.cursor),
        identity,
        admission,
        failures,
        Library(workspace, withdrawals, settings.document_cache),
        sandboxes,
        kept,
        look_ups,
    )
    app.lane = ExpressLane(services, f"{vary_of(people=identity.login is not None)}, Origin")
    routers = (*ROUTERS, *ADMIN_ROUTERS)
    for router in routers:
        app.include_router(router)
    handlers.install(app, routers)
    _wrap(app, services, clock)
    return app


def _wrap(app: FastAPI, services: Services, clock: Clock) -> None:
    """Put around the application what every request passes through, the innermost first."""
    settings, identity, admission = services.settings, services.identity, services.admission
    people = identity.login is not None
    app.add_middleware(ReleaseLease, shelf=services.shelf)
    app.add_middleware(BodyLimit, most=settings.max_body)
    app.add_middleware(
        Identify, callers=identity.callers, failures=services.failures, origin=settings.public_url, people=people
    )
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=[*_TAKEN, KEY_HEADER, PURPOSE_HEADER, CKAN_HEADER, APP_TOKEN_HEADER],
        expose_headers=_EXPOSED,
    )
    app.add_middleware(Receipts, key=lambda: admission.receipt_key, clock=clock)
    app.add_middleware(AuditTrail, log=admission.log)
    app.add_middleware(RequestLog)
