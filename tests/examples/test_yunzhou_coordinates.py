"""Coordinates of the simulated grid system: Baidu's Mercator metres, as the platform meets them."""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import pytest

from tests.examples.yunzhou_systems import CITY

BAIDU_LON = (-1.981981304930552e-8, 8.983055099779535e-6)
BAIDU_LAT = (0.03278182852591, 40.31678527705744, 0.65659298677277, -4.44255534477492, 0.85341911805263,
             0.12923347998204, -0.04625736007561)  # fmt: skip
BAIDU_SCALE = 4482777.06


def test_mercator_metres_come_back_into_their_grid_cell(simulated: Path) -> None:
    assert _baidu_degrees(12947453.59, 4846467.98) == pytest.approx((116.30768898099, 40.05696806730), abs=1e-9)
    assert _gcj(116.404, 39.915) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-12)
    name = "drop/grid/2026-06-29/案件_20260629.csv"
    header, *lines = (line.split(",") for line in (simulated / name).read_bytes().decode("gb18030").split("\r\n"))
    query = f"select * from read_csv('{CITY}/vocabulary/grid_cell.csv', all_varchar = true)"
    cells = {row[0]: row[4:7] for row in duckdb.sql(query).fetchall()}
    inside = []
    for line in lines:
        record = dict(zip(header, line, strict=False))
        if record.get("单元网格") in cells and len(line) == len(header) and record["Y坐标"] != "不详":
            lon, lat = _degrees(float(record["X坐标"]), float(record["Y坐标"]))
            centre_lon, centre_lat, radius = map(float, cells[record["单元网格"]])
            inside.append(math.hypot((lon - centre_lon) * 92_000, (lat - centre_lat) * 111_320) < radius)
    assert len(inside) > 50
    assert sum(not is_inside for is_inside in inside) <= 2, "only points that were planted elsewhere"


def _degrees(x: float, y: float) -> tuple[float, float]:
    """CGCS2000 degrees of Baidu Mercator metres: the published inverse, then a search for what GCJ-02 shifted."""
    lon, lat = (value - offset for value, offset in zip(_baidu_degrees(x, y), (0.0065, 0.006), strict=True))
    radius = math.hypot(lon, lat) - 0.00002 * math.sin(lat * math.pi * 3000 / 180)
    angle = math.atan2(lat, lon) - 0.000003 * math.cos(lon * math.pi * 3000 / 180)
    wanted = found = (radius * math.cos(angle), radius * math.sin(angle))
    for _ in range(8):
        there = _gcj(*found)
        found = (found[0] + wanted[0] - there[0], found[1] + wanted[1] - there[1])
    return found


def _baidu_degrees(x: float, y: float) -> tuple[float, float]:
    lat = sum(term * (y / BAIDU_SCALE) ** power for power, term in enumerate(BAIDU_LAT))
    return BAIDU_LON[0] + BAIDU_LON[1] * x, lat


def _gcj(lon: float, lat: float) -> tuple[float, float]:
    x, y = lon - 105, lat - 35
    common = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + common + _waves(x, 150, 300)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + common + _waves(y, 160, 320)
    curve = 1 - 0.00669342162296594323 * math.sin(math.radians(lat)) ** 2
    metres = 6378245.0 * math.pi / 180
    lon += east / (metres / math.sqrt(curve) * math.cos(math.radians(lat)))
    return lon, lat + north / (metres * (1 - 0.00669342162296594323) / curve**1.5)


def _waves(value: float, twelfth: float, thirtieth: float) -> float:
    short = 20 * math.sin(value * math.pi) + 40 * math.sin(value / 3 * math.pi)
    return (short + twelfth * math.sin(value / 12 * math.pi) + thirtieth * math.sin(value / 30 * math.pi)) * 2 / 3
