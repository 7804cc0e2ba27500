"""Coordinates: published vectors, round trips anywhere in China, and what a pair of numbers may be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dbt.macros import render, value

LONGITUDES, LATITUDES = st.floats(73.5, 135), st.floats(3.5, 53.5)
METRE = 1 / 111_320
CENTIMETRE = METRE / 100
BEIJING = (116.404, 39.915)


def moved(point: Sequence[float], *steps: str) -> tuple[float, float]:
    """The point after one macro after the other; each step names its input `x`, `y` and its output `a`, `b`."""
    relation = f"(select {point[0]!r}::double as x, {point[1]!r}::double as y) as given"
    for step in steps:
        relation = f"(select a as x, b as y from ({render('{{ ' + step + ' }}', r=relation)}) as s) as t"
    row = duckdb.execute(f"select x, y from {relation}").fetchone()
    assert row is not None
    return row[0], row[1]


TO_GCJ, TO_WGS = "wgs84_to_gcj02(r, 'x', 'y', 'a', 'b')", "gcj02_to_wgs84(r, 'x', 'y', 'a', 'b')"
TO_BD, FROM_BD = "gcj02_to_bd09(r, 'x', 'y', 'a', 'b')", "bd09_to_gcj02(r, 'x', 'y', 'a', 'b')"
FROM_MC = "bd09mc_to_bd09(r, 'x', 'y', 'a', 'b')"


@pytest.mark.parametrize(
    ("given", "step", "expected", "tolerance"),
    [
        (BEIJING, TO_GCJ, (116.41024449916938, 39.91640428150164), 1e-12),
        (BEIJING, TO_WGS, (116.397755754575, 39.913596235609), 1e-9),
        ((116.41024449916938, 39.91640428150164), TO_BD, (116.41662724378733, 39.922699552216216), 1e-9),
        (BEIJING, TO_BD, (116.41036949371029, 39.92133699351021), 1e-9),
        (BEIJING, FROM_BD, (116.39762729119315, 39.90865673957631), 1e-12),
        ((12947453.59, 4846467.98), FROM_MC, (116.30768898099, 40.05696806730), 1e-10),
        (BEIJING, "degrees_to_gauss_kruger(r, 'x', 'y', 117, 'a', 'b')", (449042.047, 4420261.220), 1e-3),
        ((449042.047, 4420261.220), "gauss_kruger_to_degrees(r, 'x', 'y', 117, 'a', 'b')", BEIJING, 1e-8),
        ((-70.0, 20.0), TO_GCJ, (-70.0, 20.0), 0),  # outside of the box nothing is added
        ((2.35, 48.85), TO_WGS, (2.35, 48.85), 0),
    ],
)
def test_vectors(given: tuple[float, float], step: str, expected: tuple[float, float], tolerance: float) -> None:
    assert moved(given, step) == pytest.approx(expected, abs=tolerance, rel=0)


@settings(max_examples=10, deadline=None)
@given(LONGITUDES, LATITUDES)
def test_there_and_back(lon: float, lat: float) -> None:
    assert moved((lon, lat), TO_GCJ, TO_WGS) == pytest.approx((lon, lat), abs=CENTIMETRE, rel=0)
    assert moved((lon, lat), TO_BD, FROM_BD) == pytest.approx((lon, lat), abs=0.7 * METRE, rel=0)
    meridian = 3 * round(lon / 3)
    there = f"degrees_to_gauss_kruger(r, 'x', 'y', {meridian}, 'a', 'b')"
    back = f"gauss_kruger_to_degrees(r, 'x', 'y', {meridian}, 'a', 'b')"
    assert moved((lon, lat), there, back) == pytest.approx((lon, lat), abs=CENTIMETRE / 100, rel=0)


@settings(max_examples=12, deadline=None)
@given(LONGITUDES, st.floats(0.1, 53.5), st.sampled_from(["EPSG:4490", "GCJ02", "BD09", "zone", "plain"]))
def test_what_is_delivered_in_any_system_comes_out_in_one(lon: float, lat: float, system: str) -> None:
    zone = round(lon / 3)
    gauss = f"degrees_to_gauss_kruger(r, 'x', 'y', {3 * zone}, 'a', 'b')"
    ways: dict[str, tuple[str, ...]] = {
        "EPSG:4490": (), "GCJ02": (TO_GCJ,), "BD09": (TO_GCJ, TO_BD), "zone": (gauss,), "plain": (gauss,),
    }  # fmt: skip
    x, y = moved((lon, lat), *ways[system])
    crs = {"zone": f"EPSG:{4488 + zone}", "plain": f"EPSG:{4509 + zone}"}.get(system, system)
    x += zone * 1_000_000 if system == "zone" else 0
    meridian = 3 * zone if system in ("zone", "plain") else 0
    relation = f"(select {x!r}::double as x, {y!r}::double as y, '{crs}' as crs, {meridian} as cm) as g"
    query = render("{{ to_wgs84(r, 'x', 'y', 'crs', 'cm') }}", r=relation)
    row = duckdb.execute(f"select lon, lat from ({query})").fetchone()
    assert row == pytest.approx((lon, lat), abs=METRE, rel=0)


def test_web_mercator_and_what_is_unknown() -> None:
    relation = (
        "(values (12958034.006, 4853597.988, 'EPSG:3857', 0), (1.0, 2.0, 'local', 0), (1.0, 2.0, null, 0), "
        "(null, null, 'BD09MC', 0), (null, null, 'EPSG:4548', 117)) as t(x, y, crs, cm)"
    )
    query = render("{{ to_wgs84(r, 'x', 'y', 'crs', 'cm') }}", r=relation)
    rows = duckdb.execute(f"select lon, lat from ({query})").fetchall()
    assert rows[0] == pytest.approx((116.404, 39.915), abs=1e-6)
    assert rows[1:] == [(None, None)] * 4


@pytest.mark.parametrize(
    ("pair", "family"),
    [
        ((122.7, 34.5), "degrees"),
        ((34.5, 122.7), "degrees_swapped"),
        ((449042.0, 4420261.2), "gauss_kruger"),
        ((39449042.0, 4420261.2), "gauss_kruger_zone"),
        ((12947453.59, 4846467.98), "mercator"),
        ((0.0, 0.0), "degrees"),
        ((5e7, 5e7), None),
    ],
)
def test_the_kind_of_a_pair(pair: tuple[float, float], family: str | None) -> None:
    sql = render("{{ crs_family('x', 'y') }}")
    assert duckdb.execute(f"select {sql} from (select ?::double as x, ?::double as y)", list(pair)).fetchone() == (
        family,
    )


def test_zones_are_numbered_as_epsg_numbers_them() -> None:
    codes = {code: (family, meridian) for code, family, meridian in value("known_crs")}
    assert codes["EPSG:4548"] == ("gauss_kruger", 117)
    assert codes["EPSG:4547"] == ("gauss_kruger", 114)
    assert codes["EPSG:4526"] == ("gauss_kruger_zone", 114)
    assert codes["EPSG:4534"] == ("gauss_kruger", 75)
    assert codes["EPSG:4554"] == ("gauss_kruger", 135)
    assert len(codes) == 47
    assert math.isclose(3 * 41, codes["EPSG:4529"][1])
