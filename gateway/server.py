"""Runs the application in server processes; a wrong setting is told before anything heavy is loaded."""

from __future__ import annotations

import os
import secrets
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
    # Worker processes inherit this environment, so they all sign and accept the same cursors.
    os.environ.setdefault(PREFIX + "CURSOR_SECRET", secrets.token_urlsafe(32))
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
    import uvicorn

    from gateway.logs import configure

    configure()
    uvicorn.run(
        "gateway.server:application",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    return 0
