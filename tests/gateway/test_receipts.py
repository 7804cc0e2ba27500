"""Signed receipts, checked by somebody else's implementation of RFC 9421."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    VerifyResult,
    algorithms,
)

from tests.gateway.conftest import client_over
from tests.gateway.fake_release import publish

DIRECTORY = "/.well-known/http-message-signatures-directory"
ASKED = {"Accept-Signature": 'proof=("@status" "content-digest");created;tag="app"'}


@dataclass
class Message:
    """An answer as the verifier wants it."""

    status_code: int
    headers: httpx.Headers
    request: httpx.Request


class Keys(HTTPSignatureKeyResolver):
    """The keys of the directory."""

    def __init__(self, client: httpx.Client) -> None:
        found = client.get(DIRECTORY).json()["keys"]
        self.keys = {
            key["kid"]: Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "=")) for key in found
        }

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        """The key of that name."""
        return self.keys[key_id]

    def resolve_private_key(self, key_id: str) -> bytes:
        """Verifiers have none."""
        raise AssertionError(key_id)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    home = tmp_path_factory.mktemp("receipts")
    publish(home, 1)
    with client_over(home) as client:
        yield client


def verified(client: httpx.Client, answer: httpx.Response, body: bytes | None = None) -> VerifyResult:
    """The verified signature; InvalidSignature if it does not hold."""
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=Keys(client))
    request = httpx.Request(answer.request.method, answer.request.url)
    message = Message(answer.status_code, answer.headers, request)
    (result,) = verifier.verify(message, expect_tag="civiclake-receipt", body=body)
    return result


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/v1/datasets/tickets/rows?limit=3&district=%E5%8C%BA1", 200),
        ("/v1/datasets/tickets", 200),
        ("/v1/datasets/nothing", 404),
        ("/v1/datasets/tickets/rows?limit=x", 400),
    ],
)
def test_an_answer_is_proved_with_its_question_and_release(client: httpx.Client, address: str, status: int) -> None:
    answer = client.get(address, headers=ASKED)
    assert answer.status_code == status
    result = verified(client, answer, answer.content)
    covered = result.covered_components
    expected = {'"@status"', '"content-digest"', '"x-request-id"', '"@path";req', '"@query";req', '"@method";req'}
    assert expected <= set(covered)
    assert covered['"@status"'] == str(status)
    if "/rows" in address and status == 200:
        assert covered['"civiclake-release"'] == "1"
    assert answer.headers["Signature"].startswith("proof=:")
    assert "created" in result.parameters


def test_what_was_changed_on_the_way_is_found(client: httpx.Client) -> None:
    answer = client.get("/v1/datasets/tickets/rows?limit=3", headers=ASKED)
    with pytest.raises(InvalidSignature):
        verified(client, answer, answer.content.replace(b"T0000001", b"T0000009"))
    for name, value in (("CivicLake-Release", "2"), ("X-Request-Id", "another-one"), ("ETag", '"x"')):
        changed = httpx.Response(200, headers={**answer.headers, name.lower(): value}, request=answer.request)
        with pytest.raises(InvalidSignature):
            verified(client, changed)
    other = httpx.Response(200, headers=answer.headers, request=client.build_request("GET", "/v1/datasets"))
    with pytest.raises(InvalidSignature):
        verified(client, other)


def test_a_file_is_proved_by_the_digest_of_the_whole(client: httpx.Client) -> None:
    whole = client.get("/v1/datasets/tickets/files/tickets.csv", headers=ASKED)
    part = client.get("/v1/datasets/tickets/files/tickets.csv", headers=ASKED | {"Range": "bytes=0-9"})
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(whole.content).digest()).decode()}:"
    for answer, status in ((whole, "200"), (part, "206")):
        covered = verified(client, answer).covered_components
        assert (covered['"repr-digest"'], covered['"@status"']) == (digest, status)
    assert len(part.content) == 10


def test_compressed_and_empty_answers_are_proved_too(client: httpx.Client) -> None:
    address = "/v1/datasets/tickets/rows?limit=80"
    with client.stream("GET", address, headers=ASKED | {"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert raw[:2] == b"\x1f\x8b"
    verified(client, answer, raw)
    held = client.get(address).headers["ETag"]
    same = client.get(address, headers=ASKED | {"If-None-Match": held})
    assert (same.status_code, same.content) == (304, b"")
    verified(client, same, b"")
    head = client.head(address, headers=ASKED)
    verified(client, head, b"")


def test_nothing_is_signed_unasked_and_streams_stay_unsigned(client: httpx.Client) -> None:
    assert "Signature" not in client.get("/v1/datasets").headers
    stream = client.get("/v1/datasets/tickets/rows.csv", headers=ASKED)
    assert (stream.status_code, "Signature" in stream.headers) == (200, False)
    assert len(stream.text.splitlines()) > 200
    for strange in ("", "=", "UPPER=()", 'x"\\', "a" * 3000):
        answer = client.get("/v1/datasets", headers={"Accept-Signature": strange})
        assert answer.headers["Signature"].startswith("receipt=:")
        verified(client, answer, answer.content)


def test_the_directory_tells_public_keys_only_and_they_stay(client: httpx.Client, tmp_path: Path) -> None:
    answer = client.get(DIRECTORY)
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "alg", "use", "kid"}
    publish(tmp_path, 1)
    seen = []
    for _ in range(2):
        with client_over(tmp_path) as other:
            seen.append(other.get(DIRECTORY).json())
    assert seen[0] == seen[1] != answer.json()
