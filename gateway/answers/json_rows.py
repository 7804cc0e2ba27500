"""Rows as JSON. Decimals are written as numbers with every decimal place they have, never by way of a float."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import orjson

MEDIA_TYPE = "application/json"


def dumps(document: Any) -> bytes:
    """JSON bytes of a document that may hold dates, times and decimals."""
    return orjson.dumps(document, default=_other, option=orjson.OPT_NON_STR_KEYS)


def document(names: Sequence[str], rows: Sequence[tuple[Any, ...]], head: dict[str, Any], member: str) -> bytes:
    """`head` with a member added that holds one object per row."""
    return dumps({**head, member: [dict(zip(names, row, strict=True)) for row in rows]})


def joined_document(objects: Sequence[bytes], head: dict[str, Any], member: str) -> bytes:
    """`head` with a member added that holds objects which are JSON already."""
    return dumps(head)[:-1] + b"," + dumps(member) + b":[" + b",".join(objects) + b"]}"


def list_document(rows: Sequence[tuple[Any, ...]], head: dict[str, Any], member: str) -> bytes:
    """`head` with a member added that holds the only value of each row."""
    return dumps({**head, member: [value for (value,) in rows]})


def _other(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    return str(value)
