"""Access tokens and the token endpoint: one algorithm, one issuer, one use; every known confusion is refused."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from gateway.control import clients, delegations
from gateway.control.credentials import CredentialTerms
from gateway.control.errors import ControlError
from gateway.identity.presented import Presented
from gateway.identity.scope import Scope
from gateway.identity.service import ISSUER
from gateway.identity.token_endpoint import ADDRESS
from gateway.identity.tokens import BadTokenError, TokenSigner
from gateway.policy.actor import TokenScope
from gateway.problems import Unauthenticated
from tests.gateway.identity.conftest import START, Office

MINUTE = timedelta(minutes=1)
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})


def part(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


@pytest.fixture
def signer() -> TokenSigner:
    return TokenSigner((b"a token secret of ours",), "us")


def test_a_token_is_read_by_its_maker_and_by_who_keeps_the_old_secret(signer: TokenSigner) -> None:
    text = signer.access(client="c", subject="s", scope="", now=START, lifetime=MINUTE)
    assert signer.read_access(text, START).client == "c"
    assert TokenSigner((b"a newer token secret", b"a token secret of ours"), "us").read_access(text, START)
    with pytest.raises(BadTokenError):
        TokenSigner((b"a newer token secret",), "us").read_access(text, START)


def test_time_issuer_audience_and_kind_are_checked(signer: TokenSigner) -> None:
    text = signer.access(client="c", subject="s", scope="", now=START, lifetime=MINUTE)
    login = signer.sign("login+jwt", {"client_id": "c", "scope": ""}, START, MINUTE)
    for wrong, now in ((text, START + MINUTE), (text, START - MINUTE), (login, START)):
        with pytest.raises(BadTokenError):
            signer.read_access(wrong, now)
    with pytest.raises(BadTokenError):
        TokenSigner((b"a token secret of ours",), "others").read_access(text, START)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS512", "RS256", "ES256"])
def test_no_other_algorithm_is_believed(signer: TokenSigner, algorithm: str) -> None:
    """A token that says itself how it is to be checked is believed nowhere."""
    text = signer.access(client="c", subject="s", scope="", now=START, lifetime=MINUTE)
    header = json.loads(base64.urlsafe_b64decode(text.split(".")[0] + "=="))
    claims = json.loads(base64.urlsafe_b64decode(text.split(".")[1] + "=="))
    key = {"RS256": RSA, "ES256": EC, "HS512": OctKey.import_key(b"0" * 64)}.get(algorithm)
    for forged in [
        f"{part(header | {'alg': algorithm})}.{text.split('.')[1]}.",
        f"{part(header | {'alg': algorithm})}.{text.split('.')[1]}.{text.split('.')[2]}",
        *([jwt.encode(header | {"alg": algorithm}, claims, key, algorithms=[algorithm])] if key else []),
        *([jwt.encode({"alg": algorithm, "typ": "at+jwt", "jwk": key.as_dict(private=False)}, claims, key,
                      algorithms=[algorithm])] if isinstance(key, RSAKey | ECKey) else []),
    ]:  # fmt: skip
        with pytest.raises(BadTokenError):
            signer.read_access(forged, START)


@pytest.fixture
def client(office: Office) -> clients.IssuedClient:
    return registered(office)


def registered(office: Office, scope: Scope | None = None, **given: Any) -> clients.IssuedClient:
    """A client of the system `board`, which may act for its organisation."""
    now = office.clock()
    with office.store.begin() as session:
        delegations.delegate(
            session, system="board", scope=Scope(), expires=now + 30 * 24 * 60 * MINUTE, now=now, by="t"
        )
        terms = CredentialTerms("board", "", scope or Scope(), timedelta(days=20))
        return clients.add_client(session, office.identity.hasher, terms, now=now, by="t", **given)


def ask(office: Office, form: dict[str, str] | list[tuple[str, str]], **headers: str) -> tuple[int, dict[str, Any]]:
    fields = [("grant_type", "client_credentials"), *(form.items() if isinstance(form, dict) else form)]
    status, document, answered = office.identity.tokens.answer(urlencode(fields).encode(), headers)
    assert answered["Cache-Control"] == "no-store"
    return status, document


def basic(client: clients.IssuedClient, secret: str | None = None) -> str:
    return "Basic " + base64.b64encode(f"{client.row.id}:{secret or client.secret}".encode()).decode()


def posted(client: clients.IssuedClient) -> dict[str, str]:
    return {"client_id": client.row.id, "client_secret": str(client.secret)}


def test_a_secret_in_header_or_form_gives_a_short_token(office: Office, client: clients.IssuedClient) -> None:
    for status, document in (ask(office, {}, Authorization=basic(client)), ask(office, posted(client))):
        assert (status, document["token_type"], document["expires_in"]) == (200, "Bearer", 600)
        presented = Presented("token", document["access_token"])
        assert office.identity.callers.find(presented).actor.id == "board"
    office.clock.forward(minutes=10)
    with pytest.raises(Unauthenticated):
        office.identity.callers.find(presented)


def test_scope_words_narrow_the_token(office: Office) -> None:
    client = registered(office, Scope(datasets=("permits", "penalties")))
    _, document = ask(office, {"scope": "dataset:permits action:read"}, Authorization=basic(client))
    found = office.identity.callers.find(Presented("token", document["access_token"]))
    assert found.actor.token == TokenScope(frozenset({"permits"}), frozenset({"read"}))
    for wrong in ("admin", "everything"):
        assert ask(office, {"scope": wrong}, Authorization=basic(client))[1]["error"] == "invalid_scope"


def test_all_refusals_of_a_client_read_the_same(office: Office, client: clients.IssuedClient) -> None:
    signing = registered(office, public_keys={"keys": [RSA.as_dict(private=False)]})
    office.clock.forward(seconds=1)
    answers = [
        ask(office, {}, Authorization=basic(client, "cls_wrong")),
        ask(office, {"client_id": "nobody", "client_secret": "x"}),
        ask(office, {"client_id": client.row.id}),
        ask(office, {}),
        ask(office, {}, Authorization="Bearer x"),
        ask(office, {}, Authorization="Basic %%%"),
        ask(office, {"client_id": signing.row.id, "client_secret": "x"}),
        ask(office, assertion(client)),
    ]
    assert {json.dumps(answer) for answer in answers} == {json.dumps(answers[0])}
    assert (answers[0][0], answers[0][1]["error"]) == (401, "invalid_client")


def test_what_can_be_read_in_two_ways_is_refused(office: Office, client: clients.IssuedClient) -> None:
    twice = [("client_id", client.row.id), ("client_id", "other"), ("client_secret", str(client.secret))]
    assert ask(office, twice)[1]["error"] == "invalid_request"
    assert ask(office, posted(client), Authorization=basic(client))[1]["error"] == "invalid_request"
    other = urlencode({**posted(client), "grant_type": "password"}).encode()
    assert office.identity.tokens.answer(other, {})[1]["error"] == "unsupported_grant_type"


def test_a_client_whose_system_has_no_delegation_gets_no_token(office: Office, client: clients.IssuedClient) -> None:
    with office.store.begin() as session:
        for row in delegations.delegations(session):
            delegations.revoke_delegation(session, row.id, office.clock())
    status, document = ask(office, posted(client))
    assert (status, "delegation" in document["error_description"]) == (400, True)


def assertion(client: clients.IssuedClient, key: Any = RSA, algorithm: str = "RS256", **changes: Any) -> dict[str, str]:
    moment = int(START.timestamp())
    claims = {
        "iss": client.row.id, "sub": client.row.id, "aud": ISSUER, "exp": moment + 60, "iat": moment, "jti": "1",
    } | changes  # fmt: skip
    given = {name: value for name, value in claims.items() if value is not None}
    text = jwt.encode({"alg": algorithm}, given, key, algorithms=[algorithm])
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return {"client_assertion_type": kind, "client_assertion": text}


def test_a_signed_assertion_gives_a_token_once(office: Office) -> None:
    client = registered(office, public_keys={"keys": [RSA.as_dict(private=False), EC.as_dict(private=False)]})
    assert ask(office, assertion(client))[0] == 200
    assert ask(office, assertion(client))[0] == 401
    assert ask(office, assertion(client, jti="2", aud=ISSUER + ADDRESS))[0] == 200
    assert ask(office, assertion(client, EC, "ES256", jti="3"))[0] == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.example"},
        {"aud": None},
        {"exp": int(START.timestamp()) - 120},
        {"exp": int(START.timestamp()) + 3600},
        {"exp": None},
        {"iss": "somebody else"},
        {"jti": None},
        {"jti": 7},
        {"nbf": int(START.timestamp()) + 600},
        {"key": RSAKey.generate_key(2048)},
    ],
)
def test_an_assertion_for_others_or_out_of_time_is_refused(office: Office, changes: dict[str, Any]) -> None:
    client = registered(office, public_keys={"keys": [RSA.as_dict(private=False)]})
    assert ask(office, assertion(client, **changes))[0] == 401


def test_a_public_key_taken_for_a_shared_secret_is_refused(office: Office) -> None:
    client = registered(office, public_keys={"keys": [RSA.as_dict(private=False)]})
    head, body = part({"alg": "HS256", "kid": "rsa"}), assertion(client)["client_assertion"].split(".")[1]
    for secret in (RSA.as_pem(private=False), json.dumps(RSA.as_dict(private=False)).encode()):
        signature = hmac.digest(secret, f"{head}.{body}".encode(), "sha256")
        text = f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        assert ask(office, assertion(client) | {"client_assertion": text})[0] == 401
    unsigned = f"{part({'alg': 'none'})}.{body}."
    assert ask(office, assertion(client) | {"client_assertion": unsigned})[0] == 401


def test_only_strong_public_keys_are_registered() -> None:
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    weak = {
        "kty": "RSA",
        "e": "AQAB",
        "n": base64.urlsafe_b64encode(numbers.n.to_bytes(128, "big")).decode().rstrip("="),
    }
    for keys, word in (
        ([RSA.as_dict(private=True)], "private"),
        ([OctKey.generate_key(256).as_dict()], "none of RSA"),
        ([weak], "2048"),
        ([ECKey.generate_key("secp256k1").as_dict(private=False)], "none of"),
        ([], "JWK set"),
        ([{"kty": "RSA"}], "JWK set"),
    ):
        with pytest.raises(ControlError, match=word):
            clients.checked_keys({"keys": keys})
