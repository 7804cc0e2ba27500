"""CQL2 in JSON. Numbers keep every digit they are written with."""

from __future__ import annotations

import json
from typing import Any

from gateway.facades.ogc.places import box, point
from gateway.facades.reading import (
    DEEPEST,
    LONGEST,
    Call,
    Literal,
    Node,
    Property,
    ReadError,
    Shape,
    exact_json,
    too_deep,
)

_AREAS = ("Polygon", "MultiPolygon")


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


def read_json(text: str) -> Node:
    """The nodes of a filter. Raises ReadError."""
    if len(text) > LONGEST:
        raise ReadError(f"expected at most {LONGEST} characters")
    return _node(exact_json(text, _Number), 0)


def _node(found: Any, depth: int) -> Node:
    if depth > DEEPEST:
        raise too_deep()
    if isinstance(found, (bool, str)):
        return Literal(found)
    if not isinstance(found, dict):
        raise ReadError("expected a condition, a property or a value")
    if "op" in found:
        return _call(found, depth)
    if "property" in found:
        return Property(_text(found["property"]))
    for name in ("date", "timestamp"):
        if name in found:
            return Literal(_text(found[name]))
    return _shape(found)


def _shape(found: dict[str, Any]) -> Shape:
    if "bbox" in found:
        return box(_numbers(found["bbox"]))
    if found.get("type") == "Point":
        return point(_numbers(found.get("coordinates")))
    if found.get("type") not in _AREAS:
        raise ReadError("expected a condition, a property, a value, or a point, box or polygon")
    return Shape("intersects", json.dumps(_plain({"type": found["type"], "coordinates": found.get("coordinates")})))


def _call(found: dict[str, Any], depth: int) -> Node:
    name, arguments = _text(found["op"]).lower(), found.get("args")
    if not isinstance(arguments, list):
        raise ReadError("expected `args` to be a list")
    if name == "in" and len(arguments) == 2 and isinstance(arguments[1], list):
        arguments = [arguments[0], *arguments[1]]
    return Call(name, tuple(_node(argument, depth + 1) for argument in arguments))


def _text(found: Any) -> str:
    if not isinstance(found, str) or isinstance(found, _Number):
        raise ReadError("expected a text")
    return found


def _numbers(found: Any) -> list[str]:
    if not isinstance(found, list) or not all(isinstance(part, _Number) for part in found):
        raise ReadError("expected a list of numbers")
    return [str(part) for part in found]


def _plain(found: Any) -> Any:
    """Coordinates with plain numbers; what they are worth is looked at where polygons are read."""
    if isinstance(found, dict):
        return {name: _plain(value) for name, value in found.items()}
    if isinstance(found, list):
        return [_plain(part) for part in found]
    return float(found) if isinstance(found, _Number) else found
