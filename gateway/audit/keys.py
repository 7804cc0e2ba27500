"""Signing keys: made once, kept in a folder of their own, named by their public half."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

_PEM_KEY_MODE = 0o600


class KeyFileError(Exception):
    """A key file that holds no Ed25519 key; the text names the file and how to mend it."""


@dataclass(frozen=True)
class VerifyingKey:
    """The public half: enough to check every seal and every receipt."""

    public: Ed25519PublicKey

    @cached_property
    def raw(self) -> bytes:
        """The 32 bytes of the public key."""
        return self.public.public_bytes(Encoding.Raw, PublicFormat.Raw)

    @cached_property
    def id(self) -> str:
        """Short name of the key: 16 hex digits of the sha256 of its public half."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    @property
    def pem(self) -> str:
        """The public key as PEM text."""
        return self.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @cached_property
    def jwk(self) -> dict[str, str]:
        """The public key as a JSON Web Key (RFC 8037), named by its thumbprint (RFC 7638)."""
        needed = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(self.raw)}
        thumbprint = hashlib.sha256(orjson.dumps(needed, option=orjson.OPT_SORT_KEYS)).digest()
        return {**needed, "alg": "EdDSA", "use": "sig", "kid": _base64url(thumbprint)}

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature is this key's over the message."""
        try:
            self.public.verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class SigningKey(VerifyingKey):
    """The private half; whoever holds it can write history, so it lies apart from what it seals."""

    private: Ed25519PrivateKey

    @classmethod
    def of(cls, private: Ed25519PrivateKey) -> SigningKey:
        """The pair of a private key."""
        return cls(private.public_key(), private)

    def sign(self, message: bytes) -> bytes:
        """64 bytes of Ed25519; the same message gives the same bytes."""
        return self.private.sign(message)

    def digest(self, content: bytes) -> str:
        """A keyed digest: equal contents are recognised, and nobody without the key can guess one by trying."""
        return hmac.new(self._digest_key, content, hashlib.sha256).hexdigest()[:32]

    @cached_property
    def _digest_key(self) -> bytes:
        raw = self.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return hmac.new(raw, b"civiclake digests", hashlib.sha256).digest()


def load_or_make(path: Path) -> SigningKey:
    """The key of a file; made, readable by its owner only, when there is none. Processes that start at the same
    time agree on one. Raises KeyFileError or OSError."""
    if not path.exists():
        _make(path)
    private = _read(path, lambda text: load_pem_private_key(text, password=None))
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileError(f"{path} holds no Ed25519 private key; put the right file back or move this one away")
    return SigningKey.of(private)


def load_public(path: Path) -> VerifyingKey:
    """The public key of a PEM file, which may also be the private key's. Raises KeyFileError or OSError."""
    if b"PRIVATE KEY" in path.read_bytes():
        return VerifyingKey(load_or_make(path).public)
    public = _read(path, load_pem_public_key)
    if not isinstance(public, Ed25519PublicKey):
        raise KeyFileError(f"{path} holds no Ed25519 public key; give the file that `civiclake audit key` printed")
    return VerifyingKey(public)


def _read(path: Path, load: Callable[[bytes], object]) -> object:
    try:
        return load(path.read_bytes())
    except ValueError as error:
        raise KeyFileError(f"{path} is not a PEM key file; put the right file back or move this one away") from error


def _make(path: Path) -> None:
    """Write a fresh key beside its place and link it there: whoever comes second keeps the first one's."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PEM_KEY_MODE), "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink()


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
