"""The token endpoint: OAuth2 client credentials for department systems, on Authlib's protocol machinery.

A client proves itself with its secret (in the header or the form) or by a signed assertion (RFC 7523).
"""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from gateway.control.actors import NotInForceError, actor_for
from gateway.control.errors import ControlError
from gateway.control.store import ControlStore
from gateway.control.tables.identity import OAuthClient, UsedAssertion
from gateway.identity.key_sets import key_set
from gateway.identity.scope import Scope, from_words
from gateway.identity.secret_text import Hasher
from gateway.identity.tokens import TokenSigner, verified

ADDRESS = "/oauth/token"
METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")
ASSERTION_ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_LONGEST_ASSERTION = timedelta(minutes=10)
_REFUSED = "The client is unknown, or did not prove itself by its registered method."

Answer = tuple[int, dict[str, Any], dict[str, str]]


class _Form(OAuth2Payload):  # type: ignore[misc]  # the library has no types
    """Form parameters of a token request."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._data = dict(pairs)
        self._list: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._list[name].append(value)

    @property
    def data(self) -> dict[str, str]:
        """Last value of each parameter."""
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """All values of each parameter."""
        return self._list


class _Request(OAuth2Request):  # type: ignore[misc]  # the library has no types
    """A token request as Authlib takes it. Whether it came over TLS is the business of the proxy in front."""

    def __init__(self, form: _Form, headers: Mapping[str, str]) -> None:
        super().__init__("POST", f"https://gateway{ADDRESS}", headers=dict(headers))
        self.payload = form

    @property
    def form(self) -> dict[str, str]:
        """The form parameters."""
        return dict(self.payload.data)


class _Client:
    """A registered client in force, as Authlib asks it."""

    def __init__(self, row: OAuthClient, hasher: Hasher) -> None:
        self.row, self._hasher = row, hasher
        self.scope = Scope.stored(row.scope)

    def check_client_secret(self, text: str) -> bool:
        """Whether this is its secret."""
        return self.row.hash is not None and self._hasher.matches(text, self.row.hash)

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Whether it proves itself this way: a client has a secret or keys, never both."""
        return (method == "private_key_jwt") == (self.row.public_keys is not None)

    def check_grant_type(self, kind: str) -> bool:
        """Client credentials and nothing else."""
        return kind == "client_credentials"

    def require_scope(self, words: str) -> None:
        """Refuse scope words that the client cannot have."""
        try:
            from_words(words, self.scope)
        except ControlError as error:
            raise InvalidScopeError(description=str(error)) from None


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]  # the library has no types
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = list(METHODS)


class TokenEndpoint(AuthorizationServer):  # type: ignore[misc]  # the library has no types
    """Answers token requests. `issuer` is what assertions must be addressed to."""

    def __init__(
        self,
        store: ControlStore,
        hasher: Hasher,
        signer: TokenSigner,
        *,
        issuer: str,
        lifetime: timedelta,
        clock: Callable[[], datetime],
        check: Callable[[str, datetime], None],
    ) -> None:
        super().__init__()
        self._store, self._hasher, self._signer, self._clock = store, hasher, signer, clock
        self._lifetime, self._check = lifetime, check
        self.register_grant(_Grant)
        self.register_token_generator("default", self._token)
        self.register_client_auth_method("private_key_jwt", _Assertion(self._used, issuer, clock))

    def answer(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Status, document and headers for a token request with this form body."""
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50)
        try:
            request = self._request(_Form(pairs), headers)
        except InvalidRequestError as error:
            return self.handle_response(*error())
        found: Answer = self.create_token_response(request)
        return found

    def query_client(self, client: str) -> _Client | None:
        """A client in force."""
        with self._store.read() as session:
            row = session.get(OAuthClient, client)
        now = self._clock()
        if row is None or row.revoked_at is not None or row.expires_at <= now:
            return None
        return _Client(row, self._hasher)

    def create_oauth2_request(self, request: _Request) -> _Request:
        """The request as it is: `answer` has made it."""
        return request

    def _request(self, form: _Form, headers: Mapping[str, str]) -> _Request:
        """Refuses what can be read in two ways: repeated parameters, and two proofs at a time."""
        if any(len(values) > 1 for values in form.datalist.values()):
            raise InvalidRequestError("A parameter was given more than once.")
        proofs = ["authorization" in {name.lower() for name in headers}]
        proofs += [name in form.data for name in ("client_secret", "client_assertion")]
        if sum(proofs) > 1:
            raise InvalidRequestError("The client proves itself in one way, not in several.")
        return _Request(form, {"Authorization": _basic(headers)} if proofs[0] else {})

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        """The answer as plain values. Every refusal of a client reads the same: nobody learns which clients exist."""
        document, fields = dict(body), {"Cache-Control": "no-store", "Pragma": "no-cache"}
        if document.get("error") == InvalidClientError.error:
            challenge = {"WWW-Authenticate": 'Basic realm="civiclake"'}
            return 401, {"error": document["error"], "error_description": _REFUSED}, fields | challenge
        document.pop("error_uri", None)
        return status, document, fields

    def save_token(self, token: dict[str, Any], request: _Request) -> None:
        """Nothing is kept: a token is its own record, and its client is looked up at every use."""

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def _token(self, *, client: _Client, scope: str | None, **_: Any) -> dict[str, Any]:
        now, row = self._clock(), client.row
        client.require_scope(scope or "")
        self._check(row.principal, now)
        text = self._signer.access(
            client=row.id, subject=row.principal, scope=scope or "", now=now, lifetime=self._lifetime
        )
        document = {"token_type": "Bearer", "access_token": text, "expires_in": int(self._lifetime.total_seconds())}
        return document | ({"scope": scope} if scope else {})

    def _used(self, client: str, jti: str, expires: datetime) -> bool:
        """Note an assertion as used; False when it was used before."""
        try:
            with self._store.note() as session:
                session.execute(delete(UsedAssertion).where(UsedAssertion.expires_at < self._clock()))
                session.add(UsedAssertion(client=client, jti=jti, expires_at=expires))
        except IntegrityError:
            return False
        return True


class _Assertion(JWTBearerClientAssertion):  # type: ignore[misc]  # the library has no types
    """private_key_jwt: the assertion is signed by a registered key, for us, for a short time, and used once."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, use: Callable[[str, str, datetime], bool], issuer: str, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._use, self._issuer, self._clock = use, issuer, clock

    def get_audiences(self) -> list[str]:
        """Our issuer, or the address of this endpoint."""
        return [self._issuer, self._issuer + ADDRESS]

    def resolve_client_public_key(self, client: _Client) -> KeySet:
        """The registered keys; a client with a secret has none and is refused."""
        if client.row.public_keys is None:
            raise InvalidClientError()
        return key_set(client.row.public_keys)

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> Any:
        """Signature by one of our algorithms, all of them asymmetric; then claims, by our clock."""
        try:
            token = verified(assertion, resolve_key, ASSERTION_ALGORITHMS)
            now = self._clock()
            jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=self.leeway,
                iss={"essential": True, "value": str(token.claims.get("sub"))},
                sub={"essential": True},
                aud={"essential": True, "values": self.get_audiences()},
                exp={"essential": True},
                jti={"essential": True},
            ).validate(token.claims)
            expires = datetime.fromtimestamp(token.claims["exp"], UTC)
        except (JoseError, ValueError, TypeError, KeyError, OverflowError) as error:
            raise InvalidClientError() from error
        jti = token.claims["jti"]
        if not isinstance(jti, str) or len(jti) > 200 or expires - now > _LONGEST_ASSERTION:
            raise InvalidClientError()
        if not self._use(token.claims["sub"], jti, expires + timedelta(seconds=self.leeway)):
            raise InvalidClientError()
        return token.claims


def holder_check(store: ControlStore, callers_tree: Callable[[], Any], terms: str | None) -> Callable[..., None]:
    """Refuses a token to a client whose holder may not call now."""

    def check(principal: str, now: datetime) -> None:
        with store.read() as session:
            try:
                actor_for(session, principal, now, tree=callers_tree(), terms=terms)
            except NotInForceError as error:
                raise InvalidRequestError(str(error)) from None

    return check


def _basic(headers: Mapping[str, str]) -> str:
    """The Authorization header when it is readable as Basic, else one that no client matches."""
    text = next(value for name, value in headers.items() if name.lower() == "authorization")
    scheme, _, encoded = text.partition(" ")
    try:
        base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        return "Basic Og=="
    return text if scheme.lower() == "basic" else "Basic Og=="
