"""What a request presents to say who is asking: at most one of a key, an access token and a session cookie."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Literal
from urllib.parse import parse_qsl

from starlette.datastructures import Headers

from gateway.identity.secret_text import PATTERN
from gateway.problems import CredentialInAddress, Unauthenticated

Kind = Literal["key", "token", "session"]

KEY_HEADER = "X-API-Key"
SESSION_COOKIE = "__Host-civiclake_session"
CHALLENGE = 'Bearer realm="civiclake"'
_LONGEST = 8_192
_NAMES = frozenset({"access_token", "api_key", "apikey", "api-key", "x-api-key", "client_secret"})


@dataclass(frozen=True, repr=False)
class Presented:
    """A credential as it came, not yet believed."""

    kind: Kind
    text: str


def presented(headers: Headers) -> Presented | None:
    """The credential of a request; None when it has none and the public is asking.

    A header goes before the cookie, which a browser sends by itself. Raises Unauthenticated for a scheme that is not
    ours and for several credentials at a time: which of them to believe would be a guess.
    """
    bearer, keys = headers.getlist("authorization"), headers.getlist(KEY_HEADER)
    if len(bearer) + len(keys) > 1:
        raise several()
    if bearer:
        scheme, _, text = bearer[0].strip().partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise unauthenticated("Authorization must be `Bearer` and a key or an access token.", "invalid_request")
        return sized(Presented("key" if text.strip().startswith("clk_") else "token", text.strip()))
    if keys:
        return sized(Presented("key", keys[0].strip()))
    session = cookie(headers, SESSION_COOKIE)
    return sized(Presented("session", session)) if session else None


def cookie(headers: Headers, name: str) -> str | None:
    """The value of a cookie; None when it is missing or the header cannot be read."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load("; ".join(headers.getlist("cookie")))
    except CookieError:
        return None
    return jar[name].value if name in jar else None


def refuse_in_address(query: bytes) -> None:
    """Raises CredentialInAddress: addresses end up in logs, histories and referrers, so keys must not be there."""
    if not query:
        return
    text = query.decode("latin-1")
    if PATTERN.search(text) is None and not any(name in text.lower() for name in _NAMES):
        return
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name.lower() in _NAMES or PATTERN.search(value) or PATTERN.search(name):
            raise CredentialInAddress(
                f"Send the key as `Authorization: Bearer …` or `{KEY_HEADER}: …`. The one in this address has been in"
                " logs by now: rotate it."
            )


def unauthenticated(detail: str, error: str | None = "invalid_token") -> Unauthenticated:
    """The refusal with its challenge (RFC 6750); without `error` when nothing was presented."""
    challenge = CHALLENGE if error is None else f'{CHALLENGE}, error="{error}"'
    return Unauthenticated(detail, headers={"WWW-Authenticate": challenge})


def several() -> Unauthenticated:
    """The refusal of several credentials at a time."""
    return unauthenticated(f"Send one credential: either Authorization or {KEY_HEADER}, once.", "invalid_request")


def sized(found: Presented) -> Presented:
    """The credential, if it can be one. Raises Unauthenticated."""
    if len(found.text) > _LONGEST or not found.text.isascii():
        raise unauthenticated("The credential cannot be read.")
    return found
