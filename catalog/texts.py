"""What counts as the same text: blanks at its ends, and the width of its signs, are not part of a value."""

from __future__ import annotations

BLANKS = " \t\r\n\u00a0\u3000\ufeff"
FULL_WIDTH = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
HALF_WIDTH = "".join(chr(code) for code in range(0x21, 0x7F)) + " "
_NARROWED = str.maketrans(FULL_WIDTH, HALF_WIDTH)


def same(text: str) -> str:
    """The form in which two texts that are the same are equal."""
    return text.translate(_NARROWED).strip(BLANKS)
