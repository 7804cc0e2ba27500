"""/login, its callback and /logout: people sign in at the city's OpenID provider and get a session cookie."""

from __future__ import annotations

import logging
from datetime import timedelta

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse

from gateway.control.errors import UnknownError
from gateway.control.sessions import begin_session, end_session
from gateway.doors.deps import IdentityDep, ServicesDep, only_parameters
from gateway.identity.oidc import CALLBACK, LOGIN_LIFETIME, LoginError, OpenIdLogin
from gateway.identity.presented import SESSION_COOKIE, cookie
from gateway.identity.service import Identity
from gateway.problems import LoginRefused

router = APIRouter()
log = logging.getLogger("gateway.identity")

LOGIN_COOKIE = "__Host-civiclake_login"
_FAILED = "The login could not be finished."


@router.get("/login")
async def login(request: Request, identity: IdentityDep) -> Response:
    """Send the browser to the provider; afterwards it comes back to the path in `next`."""
    only_parameters(request, ("next",))
    provider = _provider(identity)
    target = request.query_params.get("next", "/")
    try:
        begun = await anyio.to_thread.run_sync(provider.begin, target)
    except LoginError as error:
        log.warning("login not begun: %s", error)
        raise LoginRefused("The login provider cannot be used just now.") from None
    answer = RedirectResponse(begun.address, status_code=303, headers={"Cache-Control": "no-store"})
    _set_cookie(answer, LOGIN_COOKIE, begun.cookie, LOGIN_LIFETIME)
    return answer


@router.get(CALLBACK)
async def callback(request: Request, identity: IdentityDep, services: ServicesDep) -> Response:
    """Where the provider sends the browser back to: a fresh session, or a refusal that says little."""
    provider, query = _provider(identity), request.query_params
    if "error" in query:
        raise LoginRefused("The provider did not let the login through.")
    kept = cookie(request.headers, LOGIN_COOKIE)
    lifetime = timedelta(seconds=services.settings.session_lifetime)

    def finish() -> tuple[str, str]:
        ended = provider.end(kept, state=query.get("state", ""), code=query.get("code", ""))
        with identity.store.begin() as session:
            return begin_session(session, identity.hasher, ended.login, identity.clock(), lifetime), ended.target

    try:
        text, target = await anyio.to_thread.run_sync(finish)
    except LoginError as error:
        log.warning("login not finished: %s", error)
        raise LoginRefused(_FAILED) from None
    except UnknownError:
        raise LoginRefused("You are known to the provider, but nobody has registered you here.") from None
    answer = RedirectResponse(target, status_code=303, headers={"Cache-Control": "no-store"})
    _set_cookie(answer, SESSION_COOKIE, text, lifetime)
    _drop_cookie(answer, LOGIN_COOKIE)
    return answer


@router.post("/logout")
async def logout(request: Request, identity: IdentityDep) -> Response:
    """End the session of this browser, at once and everywhere."""
    only_parameters(request)
    text = _session(request.headers)
    if text is not None:
        await anyio.to_thread.run_sync(_end, identity, text)
    answer = RedirectResponse("/", status_code=303, headers={"Cache-Control": "no-store"})
    _drop_cookie(answer, SESSION_COOKIE)
    return answer


def _provider(identity: Identity) -> OpenIdLogin:
    if identity.login is None:
        raise LoginRefused("No login is set up here; use an API key.")
    return identity.login


def _session(headers: Headers) -> str | None:
    return cookie(headers, SESSION_COOKIE)


def _end(identity: Identity, text: str) -> None:
    with identity.store.begin() as session:
        end_session(session, identity.hasher, text, identity.clock())


def _set_cookie(answer: Response, name: str, value: str, lifetime: timedelta) -> None:
    """Sent over TLS only, out of reach of scripts, to this host only, and not along with other sites' requests."""
    answer.set_cookie(
        name, value, max_age=int(lifetime.total_seconds()), path="/", secure=True, httponly=True, samesite="lax"
    )


def _drop_cookie(answer: Response, name: str) -> None:
    answer.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
