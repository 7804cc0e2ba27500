"""Components, addresses and spaces against where the city knows them to be."""

from __future__ import annotations

import pytest

from tests.city.conftest import Built

METRES = "111320 * sqrt(pow((a.lon - b.lon) * cos(radians(a.lat)), 2) + pow(a.lat - b.lat, 2))"
# Of each way of saying a place: what must be found of it, the address itself or its road and house number.
EXACT = ("full", "district", "road", "compound", "alias")
BESIDE, NOWHERE = ("relative",), ("vague", "crossing")


@pytest.fixture(scope="module")
def truth(libraries: Built) -> str:
    """Folder of what the departments know and do not tell."""
    return str(libraries.systems.home / "truth")


def test_the_reference_system_of_every_file_is_told(libraries: Built) -> None:
    told = libraries.rows(
        "SELECT regexp_extract(file_name, '部件[^_]+_(?:\\d{6})?'), coalesce(declared_crs, ''), crs, decided_by "
        "FROM lake.base.base_component_delivery ORDER BY file_name"
    )
    assert {row[:3] for row in told if "普查" in row[0]} == {
        ("部件普查_990101", "EPSG:4550", "EPSG:4550"),
        ("部件普查_990102", "", "GCJ02"),
        ("部件普查_990103", "", "EPSG:4529"),
    }
    assert {row[1:] for row in told if "变更" in row[0]} == {
        ("", "GCJ02", "components"),
        ("EPSG:4490", "EPSG:4490", "declared"),
    }
    held = "SELECT reasons FROM lake.ops.batch WHERE feed = 'components' AND status = 'held'"
    assert [row[0][0][:2] for row in libraries.rows(held)] == ["M7"]


def test_components_stand_where_they_are(libraries: Built, truth: str) -> None:
    [(known, placed, near, in_cell, state)] = libraries.rows(
        f"SELECT count(*), count(a.lon), count(*) FILTER ({METRES} < 0.5), "
        "count(*) FILTER (a.grid_code = b.grid_code), "
        f"count(*) FILTER (a.is_removed = b.is_removed) FROM '{truth}/component.parquet' b "
        "JOIN lake.topic.topic_component a USING (component_code)"
    )
    assert known > 400
    assert (placed, in_cell, state) == (known, known, known)
    assert near >= known - 20, "those that were moved stand three metres on"
    assert libraries.rows(
        "SELECT count(*) FROM lake.topic.topic_component WHERE is_removed AND removed_on IS NULL"
    ) == [(0,)]
    twins = f"SELECT component_code FROM '{truth}/component.parquet' WHERE is_twin ORDER BY 1"
    assert libraries.rows("SELECT twin_code FROM lake.topic.topic_component_twin ORDER BY 1") == libraries.rows(twins)


def test_component_cases_lie_at_their_component(libraries: Built) -> None:
    [(cases, linked, offset)] = libraries.rows(
        f"SELECT count(*), count(b.lon), median({METRES}) FROM lake.topic.topic_grid_case a "
        "LEFT JOIN lake.topic.topic_component b USING (component_code) "
        "WHERE a.case_kind = 'component' AND NOT list_contains(a._flags, 'G6')"
    )
    assert linked > 0.9 * cases > 100
    assert offset < 50, "rule G7"


@pytest.mark.parametrize(("kind", "name"), [("grid_case", "case"), ("hotline_ticket", "ticket")])
def test_addresses_in_words_are_led_to_standard_addresses(libraries: Built, truth: str, kind: str, name: str) -> None:
    rows = libraries.rows(
        "SELECT t.way, count(*), count(*) FILTER (m.address_id = t.address_id), "
        "count(*) FILTER (f.road = k.road AND f.house_no = k.house_no AND f.street_code = k.street_code), "
        "count(m.address_id), count(*) FILTER (m.is_queued) "
        f"FROM (SELECT DISTINCT * FROM '{truth}/address_{name}_*.parquet') t JOIN lake.topic.topic_address_match m "
        f"ON m.record_kind = '{kind}' AND m.record_no = CASE WHEN '{kind}' = 'grid_case' OR t.no LIKE '%-%' THEN t.no "
        "ELSE t.no || '-00' END LEFT JOIN lake.base.base_address f ON f.address_id = m.address_id "
        "LEFT JOIN lake.base.base_address k ON k.address_id = t.address_id WHERE k.address_id IS NOT NULL GROUP BY 1"
    )
    said = {way: figures for way, *figures in rows}
    assert said.keys() == {*EXACT, *BESIDE, *NOWHERE}
    for way, (texts, exact, door, found, queued) in said.items():
        if way in NOWHERE:
            assert (found, queued) == (0, texts), way
        else:
            assert (exact if way in EXACT else door) >= 0.99 * texts, way
            assert found - door <= 0.01 * texts, way


def test_things_in_two_kinds_of_space_stand_on_an_interface(libraries: Built) -> None:
    wrong = libraries.rows(
        "SELECT object_kind, object_code FROM lake.topic.topic_object_space "
        "GROUP BY ALL HAVING bool_or(is_interface) <> (count(DISTINCT space_type_code) > 1)"
    )
    members = "SELECT count(*), count(*) FILTER (is_interface) FROM lake.topic.topic_object_space"
    [(members_, at_interface)] = libraries.rows(members)
    assert wrong == []
    assert members_ > at_interface > 50


def test_the_open_statistics_count_what_stands(libraries: Built) -> None:
    [(counted,)] = libraries.rows("SELECT sum(components) FROM lake.open.open_component_statistics")
    assert libraries.rows("SELECT count(*) FROM lake.topic.topic_component WHERE NOT is_removed") == [(counted,)]
