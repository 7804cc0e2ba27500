"""HTTP Message Signatures (RFC 9421), with Ed25519: what of an answer or a request is covered, and how it is said."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence

from gateway.audit.keys import SigningKey

_LABEL = re.compile(r"\s*([a-z*][a-z0-9_.*-]{0,63})\s*=")
_DEFAULT_LABEL = "receipt"
_COVERED = ("content-digest", "repr-digest", "content-type", "x-request-id", "civiclake-release", "etag")
_TAG = "civiclake-receipt"
_EVENT_LABEL = "event"
EVENT_TAG = "civiclake-event"


def content_digest(body: bytes) -> str:
    """The field Content-Digest (RFC 9530) of a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def label_of(accepted: str) -> str:
    """The label under which the caller wants its signature; ours where it names none."""
    found = _LABEL.match(accepted)
    return found.group(1) if found else _DEFAULT_LABEL


def sign(
    key: SigningKey,
    label: str,
    *,
    status: int,
    headers: Mapping[str, str],
    request: Sequence[tuple[str, str]],
    created: int,
) -> dict[str, str]:
    """The fields Signature-Input and Signature over an answer.

    `headers` are the answer's, by lower-case name; covered are the status, those of the fields above that it has,
    and `request`, derived components of the request such as ("@path", "/v1/datasets"). `created` is in seconds
    since 1970.
    """
    covered = [('"@status"', str(status))]
    covered += [(f'"{name}"', headers[name].strip()) for name in _COVERED if name in headers]
    covered += [(f'"{name}";req', value) for name, value in request]
    return _signed(key, label, covered, created, _TAG)


def sign_request(key: SigningKey, method: str, target: str, headers: Mapping[str, str], created: int) -> dict[str, str]:
    """The fields Signature-Input and Signature of a request that we send.

    Covered are the method, the whole address it goes to, and those of `headers` (lower-case names) that stand above.
    """
    covered = [('"@method"', method), ('"@target-uri"', target)]
    covered += [(f'"{name}"', headers[name].strip()) for name in _COVERED if name in headers]
    return _signed(key, _EVENT_LABEL, covered, created, EVENT_TAG)


def _signed(key: SigningKey, label: str, covered: Sequence[tuple[str, str]], created: int, tag: str) -> dict[str, str]:
    names = " ".join(name for name, _ in covered)
    parameters = f'({names});created={created};keyid="{key.jwk["kid"]}";alg="ed25519";tag="{tag}"'
    base = "\n".join([*(f"{name}: {value}" for name, value in covered), f'"@signature-params": {parameters}'])
    signature = base64.b64encode(key.sign(base.encode("latin-1"))).decode()
    return {"Signature-Input": f"{label}={parameters}", "Signature": f"{label}=:{signature}:"}
