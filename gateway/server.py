"""Runs the application in server processes; a wrong setting is told before anything heavy is loaded."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pydantic import ValidationError

from gateway.settings import PREFIX, GatewaySettings

if TYPE_CHECKING:
    from fastapi import FastAPI

_GRACE = 10  # seconds that running answers get when the server is told to stop


def application() -> FastAPI:
    """The application with its logging, as each server process makes it for itself."""
    from gateway.app import create_app
    from gateway.logs import configure

    configure()
    return create_app()


def serve() -> int:
    """Serve as the environment says until stopped. 0 when stopped, 2 when a setting is wrong."""
    try:
        settings = GatewaySettings()
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            setting = "".join(f"{PREFIX}{part}".upper() for part in fault["loc"][:1]) or "settings"
            sys.stderr.write(f"gateway: {setting}: {fault['msg']}\n")
        return 2
    if not settings.home.is_dir():
        sys.stderr.write(f"gateway: {PREFIX}HOME: there is no folder {settings.home}; name the workspace of a city\n")
        return 2
    if not _prepared(settings):
        return 2
    import uvicorn

    from gateway.logs import configure
    from gateway.web.zero_copy_protocol import ZeroCopyProtocol

    configure()
    uvicorn.run(
        "gateway.server:application",
        factory=True,
        host=settings.host,
        port=settings.port,
        http=ZeroCopyProtocol,
        workers=settings.workers,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # whom to believe about a client's address is settled by `trusted_proxies`
        timeout_graceful_shutdown=_GRACE,
    )
    return 0


def _prepared(settings: GatewaySettings) -> bool:
    """Make the secrets and bring the control store to its newest form, once for all server processes."""
    from sqlalchemy.exc import SQLAlchemyError

    from catalog.workspace import Workspace
    from gateway.control.errors import StoreError
    from gateway.control.store import ControlStore
    from gateway.identity.secret_files import load_secrets
    from gateway.identity.service import control_url

    workspace = Workspace(settings.home.resolve())
    try:
        load_secrets(settings, workspace.control.parent)
        store = ControlStore(control_url(settings, workspace))
        try:
            store.migrate()
        finally:
            store.close()
    except StoreError as error:
        sys.stderr.write(f"gateway: {error}\n")
        return False
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", error)).splitlines()[0]
        sys.stderr.write(f"gateway: {PREFIX}CONTROL_URL: the control store cannot be opened: {cause}\n")
        return False
    return True
