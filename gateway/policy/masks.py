"""Masks as SQL expressions over a text value: every one total, so that no value can make it fail."""

from __future__ import annotations

import hashlib
import hmac
from functools import cache

from sqlglot import exp

from catalog.policy.mask_forms import mask_forms
from catalog.policy.model import MaskKind

_BLOCK = 64  # bytes of a SHA-256 block
INNER, OUTER = "join_inner", "join_outer"
"""Names of the placeholders of a join key's two padded key blocks."""


class JoinKeys:
    """Makes the key of each consumer from one secret. Without a secret there are no join keys."""

    def __init__(self, secret: bytes | None) -> None:
        self._secret = secret

    def key(self, consumer: str) -> bytes | None:
        """The key under which a consumer's join keys are made."""
        if self._secret is None:
            return None
        return hmac.digest(self._secret, b"civiclake join key 1 " + consumer.encode(), "sha256")

    def binds(self, consumer: str | None) -> dict[str, bytes]:
        """Values of the placeholders INNER and OUTER; empty when no join key can be made."""
        key = self.key(consumer) if consumer is not None else None
        if key is None:
            return {}
        padded = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
        return {INNER: bytes(byte ^ 0x36 for byte in padded), OUTER: bytes(byte ^ 0x5C for byte in padded)}


def masked(kind: MaskKind, value: exp.Expr, *, joinable: bool = False) -> exp.Expr:
    """The masked form of a text expression; NULL stays NULL.

    `joinable` tells that the placeholders of the consumer's key are bound; without them a join key is NULL.
    """
    if kind == "blank" or (kind == "join_key" and not joinable):
        return exp.cast(exp.Null(), "TEXT", dialect="duckdb")
    if kind == "join_key":
        return _hmac(value)
    if kind == "name":
        return _name(value)
    return _free_text(value) if kind == "free_text" else _whole(kind, value)


def _hmac(value: exp.Expr) -> exp.Expr:
    """HMAC-SHA256 in hexadecimal, put together from its definition: the engine has SHA-256 only."""
    inner = exp.DPipe(this=exp.Placeholder(this=INNER), expression=_call("encode", value.copy()))
    outer = exp.DPipe(this=exp.Placeholder(this=OUTER), expression=_call("unhex", _call("sha256", inner)))
    return _call("sha256", outer)


def _name(value: exp.Expr) -> exp.Expr:
    """The first character; of a compound surname both, where something follows it."""
    length, two = _call("length", value.copy()), _call("substr", value.copy(), 1, 2)
    listed = _call("contains", _surnames(), _call("concat", "|", two, "|"))
    compound = exp.and_(exp.GT(this=length, expression=exp.Literal.number(2)), listed, copy=False)
    single = exp.LT(this=length.copy(), expression=exp.Literal.number(2))
    found = _when(exp.Case(), compound, _call("concat", two.copy(), "**"))
    found = _when(found, single, exp.Literal.string("*"))
    return _unless_missing(value, found.else_(_call("concat", _call("substr", value.copy(), 1, 1), "*"), copy=False))


def _whole(kind: MaskKind, value: exp.Expr) -> exp.Expr:
    """What the first pattern that changes the value leaves of it; a value that none changes is not understood."""
    forms = mask_forms()
    tried = [
        _call("nullif", _call("regexp_replace", value.copy(), pattern, left), value.copy())
        for pattern, left in forms.whole[kind]
    ]
    return _unless_missing(value, _call("coalesce", *tried, forms.unknown))


def _unless_missing(value: exp.Expr, shown: exp.Expr) -> exp.Expr:
    present = exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null()))
    return _when(exp.Case(), present, shown)


def _free_text(value: exp.Expr) -> exp.Expr:
    forms = mask_forms().text
    found = _call("translate", value.copy(), *forms.fold)
    for pattern, left in forms.patterns:
        found = _call("regexp_replace", found, pattern, left, "g")
    return found


def _when(case: exp.Case, condition: exp.Expr, value: exp.Expr) -> exp.Case:
    return case.when(condition, value, copy=False)


@cache
def _surnames() -> str:
    """The compound surnames as one text, each between bars."""
    return f"|{'|'.join(mask_forms().compound_surnames)}|"


def _call(name: str, *arguments: exp.Expr | str | int) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[_argument(argument) for argument in arguments])


def _argument(value: exp.Expr | str | int) -> exp.Expr:
    if isinstance(value, str):
        return exp.Literal.string(value)
    return exp.Literal.number(value) if isinstance(value, int) else value
