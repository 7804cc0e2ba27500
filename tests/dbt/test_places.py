"""Codes of cells and divisions, what files say of their reference system, and what is found in squares."""

from __future__ import annotations

import random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dbt.macros import render

COMMUNITIES = st.from_regex(r"[1-9][0-9]{11}", fullmatch=True)


def value(macro: str, text: str | None) -> object:
    row = duckdb.execute(f"select {render('{{ ' + macro + ' }}')} from (select $1::varchar as t)", [text]).fetchone()
    assert row is not None
    return row[0]


@settings(max_examples=25, deadline=None)
@given(COMMUNITIES, st.integers(0, 99))
def test_fourteen_digits_become_fifteen_and_fifteen_stay(community: str, sequence: int) -> None:
    new = f"{community}{sequence:03}"
    assert value("grid_code_15('t')", f"{community}{sequence:02}") == new
    assert value("grid_code_15('t')", new) == new
    assert (value("is_grid_code('t')", new), value("is_grid_code('t')", f"{community}{sequence:02}")) == (True, True)
    assert [value(f"division_of_code('t', {level})", new) for level in (3, 4, 5)] == [new[:6], new[:9], new[:12]]


@pytest.mark.parametrize(
    "text", ["", "99010100100", "0901010010010 1", "2.02401E+14", "９９０１０１００１００１０１", "x" * 14]
)
def test_what_is_no_code_of_a_cell(text: str) -> None:
    assert value("is_grid_code('t')", text) is False


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("urn:ogc:def:crs:EPSG::4490", "EPSG:4490"),
        ("EPSG:4326", "EPSG:4490"),
        ("EPSG:4548", "EPSG:4548"),
        ('PROJCS["CGCS2000_3_Degree_GK_CM_117E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000"]]', "EPSG:4548"),
        ('PROJCS["CGCS2000_3_Degree_GK_Zone_39",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000"]]', "EPSG:4527"),
        ('GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000"]]', "EPSG:4490"),
        ('GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984"]]', "EPSG:4490"),
        ('GEOGCS["WGS 84"]', "EPSG:4490"),
        ('PROJCS["Beijing_Local"]', None),
        ("", None),
        (None, None),
    ],
)
def test_what_a_file_says_of_its_system(text: str | None, code: str | None) -> None:
    assert value("declared_crs('t')", text) == code


def test_squares_find_all_that_is_near_and_nothing_twice() -> None:
    chance = random.Random(5)
    points = [(i, 122.5 + 0.1 * chance.random(), 34.4 + 0.1 * chance.random()) for i in range(120)]
    con = duckdb.connect()
    con.execute("create table p (i integer, lon double, lat double)")
    con.executemany("insert into p values (?, ?, ?)", points)
    near = render("{{ in_squares_around('p') }}")
    distance = render("{{ metres_between('a.lon', 'a.lat', 'b.lon', 'b.lat') }}")
    squares = (
        f"{render('{{ stripe(x) }}', x='a.lon')} = b.square_x and {render('{{ stripe(x) }}', x='a.lat')} = b.square_y"
    )
    found = con.execute(
        f"select a.i, b.i from p a join ({near}) b on {squares} where {distance} <= 900 order by all"
    ).fetchall()
    wanted = con.execute(f"select a.i, b.i from p a, p b where {distance} <= 900 order by all").fetchall()
    assert found == wanted
