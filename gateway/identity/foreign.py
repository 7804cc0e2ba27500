"""How the clients of other systems present our keys: at the addresses of a facade, in the way its clients do."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers

from gateway.facades import places
from gateway.identity.presented import KEY_HEADER, Kind, Presented, several, sized
from gateway.identity.secret_text import public_id

CKAN_HEADER, APP_TOKEN_HEADER = "X-CKAN-API-Key", "X-App-Token"


@dataclass(frozen=True)
class Dialect:
    """A header that a facade's clients send besides ours, and how they present a credential; None where they do not,
    or do it as everybody does."""

    header: str
    read: Callable[[Headers], Presented | None]


def dialect_of(path: str) -> Dialect | None:
    """The dialect of an address."""
    return next((dialect for prefixes, dialect in _DIALECTS if path.startswith(prefixes)), None)


def _ckan(headers: Headers) -> Presented | None:
    """The key alone, without a scheme, in either header or in both; as CKAN's own clients send it."""
    given = [text.strip() for text in headers.getlist("authorization")]
    named = [text.strip() for text in headers.getlist(CKAN_HEADER)]
    bare = {*named, *(text for text in given if " " not in text)} - {""}
    if not bare:
        return None
    if len(bare) > 1 or any(" " in text for text in given) or KEY_HEADER in headers:
        raise several()
    return _named(bare.pop())


def _soda(headers: Headers) -> Presented | None:
    """The two halves of a key as name and password, a token as `OAuth`, or a key for application token. Any other
    application token only names an application, and nobody by it."""
    given = headers.getlist("authorization")
    if not given:
        token = headers.get(APP_TOKEN_HEADER, "").strip()
        return _named(token) if public_id("clk", token) and KEY_HEADER not in headers else None
    scheme, _, text = given[0].strip().partition(" ")
    if scheme.lower() not in ("basic", "oauth"):
        return None
    if len(given) > 1 or KEY_HEADER in headers:
        raise several()
    return _named(text.strip()) if scheme.lower() == "oauth" else sized(Presented("key", _joined(text.strip())))


def _odata(headers: Headers) -> Presented | None:
    """The two halves of a key as name and password: spreadsheet programs ask their users for these."""
    given = headers.getlist("authorization")
    scheme, _, text = given[0].strip().partition(" ") if given else ("", "", "")
    if scheme.lower() != "basic":
        return None
    if len(given) > 1 or KEY_HEADER in headers:
        raise several()
    return sized(Presented("key", _joined(text.strip())))


def _joined(text: str) -> str:
    """The key of a name and a password: what stands before its last underscore, and after it."""
    try:
        name, _, password = base64.b64decode(text, validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "?"
    return f"{name}_{password}"


def _named(text: str) -> Presented:
    kind: Kind = "key" if text.startswith("clk_") else "token"
    return sized(Presented(kind, text))


_DIALECTS: tuple[tuple[tuple[str, ...], Dialect], ...] = (
    (places.CKAN, Dialect(CKAN_HEADER, _ckan)),
    (places.SODA, Dialect(APP_TOKEN_HEADER, _soda)),
    (places.ODATA, Dialect("Authorization", _odata)),
)
