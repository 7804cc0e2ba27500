"""Addresses as people say them: any standard address, said in any of many ways, is read back."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dbt.macros import render

DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")
CHINESE = "零一二三四五六七八九"
ROADS = ("春晖路", "人民大道", "学府街", "和平巷", "霞光胡同")
COMPOUNDS = (None, "锦园小区", "和居花园", "云东新村", "城关公寓")
DIVISIONS = ("", "云州市", "云州市云阳区", "海曙新区古桥街道", "云州市云阳区新关镇", "古桥街道")
ASIDE = ("", "对面", "旁边", "东侧50米", "路口西侧30米", "附近")
FORMS = ("{}号楼", "{}栋", "{}幢", "{}#", "{}＃", "{}座")


def in_chinese(number: int) -> str:
    """A number from 1 to 99 in Chinese characters."""
    tens, ones = divmod(number, 10)
    return {0: "", 1: "十"}.get(tens, CHINESE[tens] + "十") + (CHINESE[ones] if ones else "")


def spelt(number: int, script: int) -> str:
    """A number in digits, in wide digits or in characters."""
    return [str(number), str(number).translate(DIGITS), in_chinese(number)][script]


def read(texts: list[str]) -> list[tuple[object, ...]]:
    """Road, house number, compound, building and whether it is relative, of each text."""
    steps = {
        "folded": "address_folded('said')",
        "rest": "address_rest('folded')",
        "inner_text": "address_inside('rest')",
    }
    relation = "(select unnest($texts) as said, generate_subscripts($texts, 1) as n)"
    for name, macro in steps.items():
        relation = f"(select *, {render('{{ ' + macro + ' }}')} as {name} from {relation})"
    parts = [
        "address_road('rest')", "address_house_no('rest')", "address_compound('inner_text')",
        "address_building('inner_text')", "is_relative_address('folded')",
    ]  # fmt: skip
    columns = ", ".join(render("{{ " + part + " }}") for part in parts)
    return duckdb.execute(f"select {columns} from {relation} order by n", {"texts": texts}).fetchall()


PLACES = st.tuples(
    st.sampled_from(DIVISIONS), st.sampled_from(ROADS), st.integers(1, 9999), st.sampled_from(COMPOUNDS),
    st.one_of(st.none(), st.integers(1, 99)), st.sampled_from(FORMS), st.integers(0, 2), st.sampled_from(ASIDE),
    st.booleans(),
)  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(st.lists(PLACES, min_size=40, max_size=80))
def test_what_is_said_is_read(places: list[tuple[str, str, int, str | None, int | None, str, int, str, bool]]) -> None:
    texts, expected = [], []
    for division, road, house_no, compound, building, form, script, aside, is_wide in places:
        number = None if compound is None else building
        end = "" if number is None else form.format(spelt(number, script))
        text = f"{division}{road}{house_no}号{compound or ''}{end}{aside}"
        texts.append(text.translate(DIGITS) if is_wide else text)
        expected.append((road, str(house_no), compound, str(number) if number else None, bool(aside)))
    assert read(texts) == expected


def test_compounds_without_a_road_and_texts_that_tell_nothing() -> None:
    assert read(["锦园小区三号楼", "云阳区锦园小区", "桥下", "", "古桥街道春晖路路口"]) == [
        (None, None, "锦园小区", "3", False),
        (None, None, "锦园小区", None, False),
        (None, None, "桥下", None, False),
        (None, None, None, None, False),
        ("春晖路", None, None, None, True),
    ]
