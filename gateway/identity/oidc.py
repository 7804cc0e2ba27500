"""Login of people at the city's OpenID provider: authorization code with PKCE, state and nonce, by discovery.

The protocol is Authlib's, signatures are joserfc's. Nothing the provider sends is believed before its signature,
issuer, audience, nonce and times are checked.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.identity.key_sets import key_set
from gateway.identity.tokens import BadTokenError, TokenSigner, verified

CALLBACK = "/login/callback"
LOGIN_LIFETIME = timedelta(minutes=10)
_KIND = "login+jwt"
_ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_LEEWAY = 60
_SECONDS = 10.0
_REREAD = timedelta(minutes=1)


class LoginError(Exception):
    """A login that cannot go on; the text is for the log and holds no token."""


@dataclass(frozen=True)
class Begun:
    """A login under way: where the browser goes, and what its cookie holds meanwhile."""

    address: str
    cookie: str


@dataclass(frozen=True)
class Ended:
    """A login that succeeded: who the provider says it is, and where the browser wanted to go."""

    login: str
    target: str


class OpenIdLogin:
    """Logins at one provider. Methods wait for the provider: call them off the event loop."""

    def __init__(
        self,
        signer: TokenSigner,
        *,
        issuer: str,
        client_id: str,
        client_secret: str | None,
        claim: str,
        public_url: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._signer, self._clock = signer, clock
        self._issuer, self._client_id, self._client_secret = issuer.rstrip("/"), client_id, client_secret
        self._claim, self._redirect = claim, public_url + CALLBACK
        self._http = httpx.Client(timeout=_SECONDS, follow_redirects=False)
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] | None = None
        self._keys: tuple[KeySet, datetime] | None = None

    def begin(self, target: str) -> Begun:
        """Start a login that ends at `target`, a path of ours."""
        metadata = self._discovered()
        kept = {"state": secrets.token_urlsafe(24), "nonce": secrets.token_urlsafe(24)}
        verifier = secrets.token_urlsafe(48)
        address, _ = self._client().create_authorization_url(
            metadata["authorization_endpoint"], state=kept["state"], nonce=kept["nonce"], code_verifier=verifier
        )
        claims = kept | {"verifier": verifier, "target": local_path(target)}
        return Begun(address, self._signer.sign(_KIND, claims, self._clock(), LOGIN_LIFETIME))

    def end(self, cookie: str | None, *, state: str, code: str) -> Ended:
        """Finish a login: the browser must be the one that began it. Raises LoginError."""
        try:
            kept = self._signer.read(_KIND, cookie or "", self._clock())
        except BadTokenError:
            raise LoginError("no login was begun in this browser, or it took too long") from None
        if not hmac.compare_digest(kept["state"].encode(), state.encode()):
            raise LoginError("the state is not that of this browser's login")
        metadata = self._discovered()
        try:
            token = self._client().fetch_token(
                metadata["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                redirect_uri=self._redirect,
                code_verifier=kept["verifier"],
                auth=self._proof(),
                **({} if self._client_secret else {"client_id": self._client_id}),
            )
        except (AuthlibBaseError, httpx.HTTPError, ValueError) as error:
            raise LoginError(f"the provider gave no token: {type(error).__name__}") from None
        claims = self._checked(token, kept["nonce"])
        return Ended(self._login(claims), kept["target"])

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def _client(self) -> Any:
        return OAuth2Client(
            self._http,
            client_id=self._client_id,
            scope="openid email profile",
            redirect_uri=self._redirect,
            code_challenge_method="S256",
        )

    def _proof(self) -> Any:
        """RFC 6749 §2.3.1 wants both parts of Basic form-encoded; a client without secret just names itself."""
        if self._client_secret is None:
            return lambda request: request
        return httpx.BasicAuth(quote(self._client_id, safe=""), quote(self._client_secret, safe=""))

    def _discovered(self) -> dict[str, Any]:
        with self._lock:
            if self._metadata is None:
                found = self._fetched(f"{self._issuer}/.well-known/openid-configuration")
                if str(found.get("issuer", "")).rstrip("/") != self._issuer:
                    raise LoginError("the discovery document is another issuer's")
                addresses = [found.get(n) for n in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
                if not all(isinstance(address, str) and is_safe(address) for address in addresses):
                    raise LoginError("the discovery document names an address without TLS, or lacks one")
                self._metadata = found
            return self._metadata

    def _fetched(self, address: str) -> dict[str, Any]:
        try:
            answer = self._http.get(address)
            answer.raise_for_status()
            document = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise LoginError(f"the provider did not answer at {address}: {type(error).__name__}") from None
        if not isinstance(document, dict):
            raise LoginError(f"the provider's answer at {address} is no object")
        return document

    def _checked(self, token: dict[str, Any], nonce: str) -> dict[str, Any]:
        text = token.get("id_token")
        if not isinstance(text, str):
            raise LoginError("the provider gave no identity token")
        try:
            decoded = self._decoded(text)
            options = {"iss": {"essential": True, "values": [self._issuer, self._issuer + "/"]}}
            params = {"nonce": nonce, "client_id": self._client_id, "access_token": token.get("access_token")}
            claims = CodeIDToken(decoded.claims, decoded.header, options, params)
            claims.validate(now=int(self._clock().timestamp()), leeway=_LEEWAY)
            audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError) as error:
            raise LoginError(f"the identity token does not hold: {type(error).__name__}") from None
        if self._client_id not in audience:
            raise LoginError("the identity token is for another client")
        return dict(claims)

    def _decoded(self, text: str) -> jwt.Token:
        """Verified by the provider's keys; when none fits they are read again, at most once a minute."""
        try:
            return verified(text, self._key_set(fresh=False), _ALGORITHMS)
        except (JoseError, ValueError):
            return verified(text, self._key_set(fresh=True), _ALGORITHMS)

    def _key_set(self, *, fresh: bool) -> KeySet:
        address, now = self._discovered()["jwks_uri"], self._clock()
        with self._lock:
            if self._keys is None or (fresh and now - self._keys[1] > _REREAD):
                self._keys = key_set(self._fetched(address)), now
            return self._keys[0]

    def _login(self, claims: dict[str, Any]) -> str:
        value = claims.get(self._claim)
        if not isinstance(value, str) or not value:
            raise LoginError(f"the identity token has no claim {self._claim}")
        if self._claim == "email" and claims.get("email_verified") is not True:
            raise LoginError("the provider has not verified the e-mail address")
        return value


def local_path(target: str) -> str:
    """The target when it is a path of ours, else the first page: a login must not send anybody elsewhere."""
    plain = all(sign.isprintable() and sign != "\\" for sign in target)
    return target if plain and target.startswith("/") and not target.startswith("//") else "/"


def is_safe(address: str) -> bool:
    """Whether an address of the provider is one to speak to: with TLS, or on this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1"))
