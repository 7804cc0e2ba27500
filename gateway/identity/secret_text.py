"""Secrets as text: how a key looks, how a scanner knows one, and how it is stored.

`clk_<id>_<secret><check>`: the prefix says what it is, the id is public and names the row, the secret is 256 random
bits, and the check is a CRC that lets a scanner tell a key from chance text without asking us. Of such a secret a
fast hash is enough: nobody tries 2^256 of them, and a slow hash, which passwords need, would only slow every request
down. The hash is keyed with a pepper kept outside the database, so that who can write to the database alone cannot
plant a key of his own.
"""

from __future__ import annotations

import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from typing import Literal

Prefix = Literal["clk", "cls"]
"""`clk` of an API key, `cls` of the secret of an OAuth client."""

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID, _SECRET, _CHECK = 12, 43, 6  # signs; 43 of 62 kinds are 256 bits
PATTERN = re.compile(rf"\b(cl[ks])_([0-9A-Za-z]{{{_ID}}})_([0-9A-Za-z]{{{_SECRET}}})([0-9A-Za-z]{{{_CHECK}}})\b")
"""What a secret scanner looks for."""
_LOOSE = re.compile(r"\b(cl[ks]_[0-9A-Za-z]{1,16}_)[0-9A-Za-z]{8,}|\b(eyJ[\w-]{4,}\.)[\w-]+\.[\w-]+")


@dataclass(frozen=True)
class Minted:
    """A fresh secret: its public id, and the whole text, which is shown once and kept nowhere."""

    id: str
    text: str


def mint(prefix: Prefix) -> Minted:
    """A new random secret."""
    public, secret = _random(_ID), _random(_SECRET)
    body = f"{prefix}_{public}_{secret}"
    return Minted(public, body + _check(body))


def public_id(prefix: Prefix, text: str) -> str | None:
    """The public id in a well-formed secret of this kind; None for any other text."""
    found = PATTERN.fullmatch(text)
    if found is None or found[1] != prefix or _check(text[:-_CHECK]) != found[4]:
        return None
    return found[2]


def redacted(text: str) -> str:
    """The text with everything that looks like a secret or a signed token cut down to its public part."""
    return _LOOSE.sub(lambda found: f"{found[1] or found[2]}[redacted]", text)


class Hasher:
    """Hashes secrets with the pepper of this deployment."""

    def __init__(self, pepper: bytes) -> None:
        self._key = hmac.digest(pepper, b"civiclake stored secret 1", "sha256")

    def hash(self, text: str) -> str:
        """What is stored of a secret: 64 hex digits."""
        return hmac.digest(self._key, text.encode(), "sha256").hex()

    def matches(self, text: str, stored: str) -> bool:
        """Whether the text is the secret that was stored; takes equally long either way."""
        return hmac.compare_digest(self.hash(text), stored)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _check(body: str) -> str:
    rest, signs = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK):
        rest, digit = divmod(rest, len(_ALPHABET))
        signs = _ALPHABET[digit] + signs
    return signs
