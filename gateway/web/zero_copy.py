"""The messages by which the server is told to send a part of an open file by itself (ASGI, Zero Copy Send)."""

from __future__ import annotations

from starlette.types import Message

EXTENSION = "http.response.zerocopysend"


def part_of_file(file: int, offset: int, count: int) -> Message:
    """Send so many bytes of an open file, more of the body comes after them."""
    return {"type": EXTENSION, "file": file, "offset": offset, "count": count, "more_body": True}


def bytes_of(message: Message) -> int:
    """How many bytes of the body a message hands to the server."""
    count: int = message["count"] if message["type"] == EXTENSION else len(message.get("body", b""))
    return count
