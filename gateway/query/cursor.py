"""Page cursors: opaque, signed, pinned to the release and to the query they walk."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

import orjson

from gateway.problems import BadCursor
from gateway.query.keyset import Term
from gateway.view.types import Scalar, from_text, to_text

_MAX_CHARACTERS = 16_384
_TAG_BYTES = 16


@dataclass(frozen=True)
class Cursor:
    """A place in a walk: release number, digest of the query, exact texts of the last row's sort values."""

    release: int
    query: str
    place: tuple[str | None, ...]

    @classmethod
    def at(cls, release: int, query: str, values: tuple[Scalar | None, ...]) -> Cursor:
        """The cursor behind a row with these sort values."""
        return cls(release, query, tuple(to_text(value) for value in values))

    def values(self, terms: tuple[Term, ...]) -> tuple[Scalar | None, ...]:
        """The sort values, typed by the terms of the order."""
        if len(terms) != len(self.place):
            raise BadCursor("The cursor belongs to another query.")
        try:
            return tuple(from_text(text, term.kind) for text, term in zip(self.place, terms, strict=True))
        except ValueError as error:
            raise BadCursor("The cursor cannot be read.") from error


class CursorSigner:
    """Writes cursors that only this deployment can have written."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"civiclake page cursor 1", "sha256")

    def seal(self, cursor: Cursor) -> str:
        """The cursor as URL-safe text."""
        payload = orjson.dumps([cursor.release, cursor.query, cursor.place])
        return base64.urlsafe_b64encode(self._tag(payload) + payload).rstrip(b"=").decode()

    def open(self, text: str) -> Cursor:
        """Read a cursor; raises BadCursor on anything this signer did not write."""
        if len(text) > _MAX_CHARACTERS:
            raise BadCursor("The cursor cannot be read.")
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except ValueError as error:
            raise BadCursor("The cursor cannot be read.") from error
        tag, payload = sealed[:_TAG_BYTES], sealed[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(payload)):
            raise BadCursor("The cursor is not one of this server, or it was altered.")
        release, query, place = orjson.loads(payload)
        return Cursor(release, query, tuple(place))

    def _tag(self, payload: bytes) -> bytes:
        return hmac.new(self._key, payload, hashlib.sha256).digest()[:_TAG_BYTES]
