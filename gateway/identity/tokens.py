"""Access tokens: short-lived JWTs that this deployment signs for itself, with one algorithm and no other.

They say who holds them and how far they were narrowed; whether the holder may still call is looked up each time.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, OctKey

ALGORITHM = "HS256"
_LEEWAY = 0


class BadTokenError(Exception):
    """Not a token of ours, not for this use, or out of its time."""


@dataclass(frozen=True, repr=False)
class Access:
    """What an access token says: the OAuth client it was made for, its scope words, and when it ends."""

    client: str
    scope: str
    expires_at: datetime


class TokenSigner:
    """Signs with the first secret, verifies with all, so that a secret can be changed while tokens are about."""

    def __init__(self, tokens: tuple[bytes, ...], issuer: str) -> None:
        self._issuer = issuer
        keys: list[Key] = [_key(secret) for secret in tokens]
        self._current, self._all = keys[0], KeySet(keys)

    def access(self, *, client: str, subject: str, scope: str, now: datetime, lifetime: timedelta) -> str:
        """An access token (RFC 9068) for an OAuth client."""
        claims = {"sub": subject, "client_id": client, "scope": scope, "jti": secrets.token_urlsafe(12)}
        return self.sign("at+jwt", claims, now, lifetime)

    def read_access(self, text: str, now: datetime) -> Access:
        """What an access token says; BadTokenError for everything that is not one of ours in force."""
        claims = self.read("at+jwt", text, now)
        client, scope = claims.get("client_id"), claims.get("scope")
        if not isinstance(client, str) or not isinstance(scope, str):
            raise BadTokenError("claims")
        return Access(client, scope, datetime.fromtimestamp(claims["exp"], UTC))

    def sign(self, kind: str, claims: dict[str, Any], now: datetime, lifetime: timedelta) -> str:
        """A token of a kind (its `typ`), which is no token of any other kind."""
        moment = int(now.timestamp())
        header = {"alg": ALGORITHM, "typ": kind, "kid": str(self._current.kid)}
        timed = {"iat": moment, "exp": moment + int(lifetime.total_seconds())}
        document = {**claims, **timed, "iss": self._issuer, "aud": self._issuer}
        return jwt.encode(header, document, self._current, algorithms=[ALGORITHM])

    def read(self, kind: str, text: str, now: datetime) -> dict[str, Any]:
        """The claims of a token of that kind; BadTokenError for any other text."""
        try:
            token = jwt.decode(text, self._all, algorithms=[ALGORITHM])
            jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=_LEEWAY,
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": self._issuer},
                exp={"essential": True},
            ).validate(token.claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise BadTokenError(type(error).__name__) from None
        if token.header.get("typ") != kind or token.claims["exp"] <= now.timestamp():
            raise BadTokenError("typ")
        return dict(token.claims)


def verified(text: str, keys: KeySet, algorithms: Collection[str]) -> jwt.Token:
    """A token of somebody else's, by the key it names, or by any of theirs when it names none. Raises JoseError."""
    if "kid" in jws.extract_compact(text.encode()).headers() or len(keys.keys) == 1:
        return jwt.decode(text, keys, algorithms=algorithms)
    for key in keys.keys[:-1]:
        with suppress(JoseError, ValueError):
            return jwt.decode(text, key, algorithms=algorithms)
    return jwt.decode(text, keys.keys[-1], algorithms=algorithms)


def _key(secret: bytes) -> OctKey:
    """The key of a secret, and a name for it that tells nothing about it."""
    derived = hashlib.sha256(b"civiclake token signature 1" + secret).digest()
    return OctKey.import_key(derived, {"kid": hashlib.sha256(derived).hexdigest()[:8], "use": "sig"})
