"""Every item of the scope has a working table: it exists, is tested, and the demonstration city builds it."""

from __future__ import annotations

from pathlib import Path

from catalog.city import load_city
from catalog.libraries import PAGE, load_libraries, missing, page, tables_of
from orchestration.transform.assemble import models_reached

YUNZHOU = Path(__file__).resolve().parents[2] / "examples" / "yunzhou"


def test_every_item_is_served() -> None:
    assert missing(load_libraries(), tables_of()) == []


def test_an_item_without_a_working_table_is_missing() -> None:
    tables = tables_of()
    codes = ("base_city_code", "topic_code_alias", "open_city_code")
    unserved = {name: table for name, table in tables.items() if name not in codes and "gbcp" not in name}
    assert [item.no for item in missing(load_libraries(), unserved)] == ["26", "30"]


def test_every_table_named_is_there_is_built_and_is_tested() -> None:
    named, tables = {name for item in load_libraries().items() for name in item.tables}, tables_of()
    assert named - tables.keys() == set()
    assert named - models_reached(load_city(YUNZHOU)).built == set()
    untested = {name for name in named if not (tables[name].data_tests or tables[name].unit_tests)}
    assert {name for name in untested if not tables[name].is_view} == set(), "a view is what its tables are"


def test_every_theme_is_reckoned_by_hand_at_least_once() -> None:
    """Each has a unit test: given rows, and what they must become."""
    themes = {name: table for name, table in tables_of().items() if name.startswith("theme_")}
    assert len(themes) > 30
    assert {name for name, table in themes.items() if not table.unit_tests} == set()


def test_items_are_numbered_once() -> None:
    numbers = [item.no for item in load_libraries().items()]
    assert len(numbers) == len(set(numbers))


def test_the_page_is_what_the_models_say() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == page(load_libraries(), tables_of()), "run `python -m catalog.libraries`"
