"""Conditions on where a row is: each is one object that gives its SQL, how it is written, and its sentence.

A row's place is the point of its columns `lon` and `lat`; a row without one of them is nowhere. Plain arithmetic of
the engine does: distances are those on a sphere with the earth's mean radius, at most half a per cent off.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlglot import exp

from gateway.query.operators import Arity, Bind, Operator
from gateway.query.shapes import Area, parse_area, parse_numbers, require_place
from gateway.query.tree import Condition
from gateway.view.types import Family, Scalar
from gateway.view.view import LATITUDE, LONGITUDE, Column, View

_RADIUS = 6_371_008.8  # metres, the mean of the earth
_NUMBERS = frozenset({Family.FLOAT, Family.DECIMAL, Family.INTEGER})
_BOX = "west,south,east,north in degrees; west may lie beyond the date line"
_CIRCLE = "lon,lat,metres"

Box = tuple[float, float, float, float]
Build = Callable[[exp.Expr, exp.Expr, Bind], exp.Expr]


@dataclass(frozen=True)
class Where:
    """One condition on places, written `name=shape`. `read` gives its SQL over longitude and latitude."""

    name: str
    sentence: str
    example: str
    read: Callable[[str], Build]

    def condition(self, view: View, text: str) -> Condition:
        """The condition over a view. Raises ValueError with words for the caller, OverflowError on too large ones."""
        point = point_of(view)
        if point is None:
            raise ValueError(f"there are no coordinates to see, which are the columns {LONGITUDE} and {LATITUDE}")
        build, (lon, lat) = self.read(text), point

        def over(_lon: exp.Expr, _values: tuple[Scalar, ...], bind: Bind) -> exp.Expr:
            return build(_degrees(lon), _degrees(lat), bind)

        operator = Operator(self.name, Arity.ONE, _NUMBERS, self.sentence, over, (lat.name,))
        return Condition(lon, operator, (text,))


def point_of(view: View) -> tuple[Column, Column] | None:
    """The columns of longitude and latitude, where a view has both."""
    lon, lat = view.column(LONGITUDE), view.column(LATITUDE)
    if lon is None or lat is None or not {lon.kind.family, lat.kind.family} <= _NUMBERS:
        return None
    return lon, lat


def _degrees(column: Column) -> exp.Expr:
    return column.ref if column.kind.family is Family.FLOAT else exp.cast(column.ref, "DOUBLE", dialect="duckdb")


def _box(text: str) -> Build:
    west, south, east, north = parse_numbers(text, 4, _BOX)
    require_place(west, south)
    require_place(east, north)
    if south > north:
        raise ValueError("expected south below north")
    return partial(_in_box, (west, south, east, north))


def _in_box(box: Box, lon: exp.Expr, lat: exp.Expr, bind: Bind) -> exp.Expr:
    west, south, east, north = box
    spans = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    around = exp.or_(*(exp.Between(this=lon.copy(), low=bind(low), high=bind(high)) for low, high in spans))
    return exp.and_(around, exp.Between(this=lat, low=bind(south), high=bind(north)))


def _area(text: str) -> Build:
    return partial(_inside, parse_area(text))


def _inside(area: Area, lon: exp.Expr, lat: exp.Expr, bind: Bind) -> exp.Expr:
    """Inside the box around the area, and an odd number of its sides lie east of the point on the same height."""
    crossed = []
    for edge in area.edges:
        (x, low), (other, high) = edge.low, edge.high
        height = exp.and_(
            exp.GTE(this=lat.copy(), expression=bind(low)), exp.LT(this=lat.copy(), expression=bind(high))
        )
        rise = exp.Paren(this=exp.Sub(this=lat.copy(), expression=bind(low)))
        side = exp.Add(this=bind(x), expression=exp.Mul(this=rise, expression=bind((other - x) / (high - low))))
        west = exp.LT(this=lon.copy(), expression=side)
        crossed.append(exp.cast(exp.Paren(this=exp.and_(height, west)), "INTEGER", dialect="duckdb"))
    count = exp.Anonymous(this="list_sum", expressions=[exp.Array(expressions=crossed)])
    odd = exp.EQ(this=exp.Mod(this=count, expression=exp.Literal.number(2)), expression=exp.Literal.number(1))
    return exp.and_(_in_box(area.box, lon, lat, bind), odd)


def _circle(text: str) -> Build:
    lon, lat, metres = parse_numbers(text, 3, _CIRCLE)
    require_place(lon, lat)
    if metres < 0:
        raise ValueError("expected a distance in metres, not below zero")
    return partial(_near, (lon, lat, metres))


def _near(circle: tuple[float, float, float], lon: exp.Expr, lat: exp.Expr, bind: Bind) -> exp.Expr:
    """The haversine is at most that of the distance. Only places on the earth whose latitude is near enough are
    reckoned: the engine refuses the sine of what is no number."""
    x, y, metres = circle
    reach = math.degrees(metres / _RADIUS) + 1e-9
    band = exp.Between(this=lat, low=bind(max(y - reach, -90.0)), high=bind(min(y + reach, 90.0)))
    earth = exp.Between(this=lon, low=exp.Literal.number(-180), high=exp.Literal.number(180))
    across = _haversine(exp.Sub(this=lon.copy(), expression=bind(x)))
    along = _haversine(exp.Sub(this=lat.copy(), expression=bind(y)))
    width = exp.Mul(this=bind(math.cos(math.radians(y))), expression=_call("cos", _call("radians", lat.copy())))
    chord = exp.Add(this=along, expression=exp.Mul(this=width, expression=across))
    limit = math.sin(min(metres / (2 * _RADIUS), math.pi / 2)) ** 2
    near = exp.LTE(this=chord, expression=bind(limit))
    return exp.Case().when(exp.and_(band, earth), near).else_(exp.false())


def _haversine(degrees: exp.Expr) -> exp.Expr:
    half = exp.Div(this=exp.Paren(this=_call("radians", exp.Paren(this=degrees))), expression=exp.Literal.number(2))
    return _call("pow", _call("sin", half), exp.Literal.number(2))


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


WHERES: dict[str, Where] = {
    where.name: where
    for where in (
        Where("bbox", f"Rows whose point lies in a box: {_BOX}.", "120.1,30.2,120.3,30.4", _box),
        Where(
            "within",
            "Rows whose point lies in a polygon (WKT or GeoJSON), the holes taken out.",
            "POLYGON((120 30, 121 30, 121 31, 120 30))",
            _area,
        ),
        Where(
            "intersects",
            "Rows whose geometry meets a polygon (WKT or GeoJSON); for points the same as `within`.",
            "POLYGON((120 30, 121 30, 121 31, 120 30))",
            _area,
        ),
        Where("near", f"Rows at most so many metres from a place: {_CIRCLE}.", "120.2,30.3,500", _circle),
    )
}
