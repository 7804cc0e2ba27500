"""Shapes on the earth as callers write them: boxes, polygons in WKT or GeoJSON, circles. Degrees are WGS84."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import orjson

from catalog.policy.load import shared_limits

Point = tuple[float, float]
Ring = tuple[Point, ...]

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_WKT = re.compile(r"\s*(POLYGON|MULTIPOLYGON)\s*(\(.*\))\s*", re.IGNORECASE | re.DOTALL)
_RING = re.compile(r"\(([^()]*)\)")
_FORM = "expected a POLYGON or MULTIPOLYGON in WKT or GeoJSON, in degrees, longitude first"


@dataclass(frozen=True)
class Edge:
    """One side of a ring, from the lower end to the upper one."""

    low: Point
    high: Point


@dataclass(frozen=True)
class Area:
    """The inside of rings: a point is inside when a line from it crosses their sides an odd number of times."""

    rings: tuple[Ring, ...]

    @property
    def edges(self) -> Iterator[Edge]:
        """The sides that are not level."""
        for ring in self.rings:
            for start, end in pairwise(ring):
                if start[1] != end[1]:
                    yield Edge(*sorted((start, end), key=lambda point: point[1]))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        corners = [corner for ring in self.rings for corner in ring]
        east, north = [x for x, _ in corners], [y for _, y in corners]
        return min(east), min(north), max(east), max(north)


def parse_area(text: str) -> Area:
    """A polygon or several. Raises ValueError with words for the caller, OverflowError for too many corners."""
    rings = _geojson(text) if text.lstrip().startswith("{") else _wkt(text)
    most = shared_limits().questions.shape_corners
    if sum(map(len, rings)) > most:
        raise OverflowError(f"expected at most {most} corners")
    for ring in rings:
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise ValueError("expected rings of at least four corners, the last one the first again")
        for point in ring:
            _require_on_earth(point)
    if not rings:
        raise ValueError(_FORM)
    return Area(tuple(rings))


def parse_numbers(text: str, count: int, form: str) -> tuple[float, ...]:
    """So many numbers, comma separated. Raises ValueError that tells the form."""
    parts = text.split(",")
    if len(parts) != count or not all(_NUMBER.fullmatch(part.strip()) for part in parts):
        raise ValueError(f"expected {form}")
    found = tuple(float(part) for part in parts)
    if not all(map(math.isfinite, found)):
        raise ValueError(f"expected {form}")
    return found


def require_place(lon: float, lat: float) -> None:
    """Raise ValueError for a place that is not on the earth."""
    _require_on_earth((lon, lat))


def _require_on_earth(point: Point) -> None:
    if not (-180 <= point[0] <= 180 and -90 <= point[1] <= 90):
        raise ValueError("expected longitudes from -180 to 180 and latitudes from -90 to 90")


def _wkt(text: str) -> list[Ring]:
    found = _WKT.fullmatch(text)
    if found is None or found[2].count("(") != found[2].count(")"):
        raise ValueError(_FORM)
    return [tuple(_corner(corner.split()) for corner in ring.split(",")) for ring in _RING.findall(found[2])]


def _geojson(text: str) -> list[Ring]:
    try:
        shape = orjson.loads(text)
        kind, coordinates = shape["type"], shape["coordinates"]
        polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}[kind]
        return [tuple(_corner(corner) for corner in ring) for polygon in polygons for ring in polygon]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(_FORM) from error


def _corner(parts: list[Any]) -> Point:
    numbers = [str(part) for part in parts]
    if len(numbers) != 2 or not all(map(_NUMBER.fullmatch, numbers)):
        raise ValueError(_FORM)
    return float(numbers[0]), float(numbers[1])
