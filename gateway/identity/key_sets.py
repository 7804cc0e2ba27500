"""Sets of public keys as JSON brings them, made into those of the library, which checks them."""

from __future__ import annotations

from typing import Any, cast

from joserfc.jwk import KeySet, KeySetSerialization


def key_set(document: dict[str, Any]) -> KeySet:
    """The keys of a JWK set. JoseError, ValueError, KeyError or TypeError when it is none."""
    return KeySet.import_key_set(cast("KeySetSerialization", document))
