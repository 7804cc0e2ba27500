"""Content negotiation: which of the offered media types the caller's Accept header prefers."""

from __future__ import annotations

from collections.abc import Sequence


def choose(accept: str | None, offers: Sequence[str]) -> str | None:
    """The best offer (the earlier one on a tie), or None when the header excludes them all.

    Without a header, or when nothing in it can be read, the first offer is taken.
    """
    ranges = [parsed for part in (accept or "").split(",") if (parsed := _parse(part)) is not None]
    if not ranges:
        return offers[0]
    scored = [(_quality(offer, ranges), -place, offer) for place, offer in enumerate(offers)]
    quality, _, best = max(scored)
    return best if quality > 0 else None


def choose_coding(accept_encoding: str | None, offers: Sequence[str]) -> str | None:
    """The content coding that an Accept-Encoding header names and likes best (the earlier offer on a tie), or None."""
    liked = dict(parsed for part in (accept_encoding or "").split(",") if (parsed := _parse(part, token=True)))
    best = max(offers, key=lambda offer: (liked.get(offer, 0.0), -offers.index(offer)))
    return best if liked.get(best, 0.0) > 0 else None


def _parse(part: str, *, token: bool = False) -> tuple[str, float] | None:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    if not name or (not token and name.count("/") != 1):
        return None
    quality = 1.0
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                quality = min(max(float(parameter[2:]), 0.0), 1.0)
            except ValueError:
                return None
    return name, quality


def _quality(offer: str, ranges: list[tuple[str, float]]) -> float:
    """Quality of the most specific range that covers the offer."""
    for pattern in (offer, offer.partition("/")[0] + "/*", "*/*"):
        for name, quality in ranges:
            if name == pattern:
                return quality
    return 0.0
