"""City codes, and what has them, against what the departments' systems know."""

from __future__ import annotations

from collections import Counter

import pytest

from catalog.city_codes import city_code_check, is_city_code
from tests.city.conftest import Built

METRES = "111320 * sqrt(pow((c.lon - s.lon) * cos(radians(c.lat)), 2) + pow(c.lat - s.lat, 2))"


@pytest.fixture(scope="module")
def components(libraries: Built) -> str:
    """What the departments know of components: their codes, true places, and whether they still stand."""
    return f"'{libraries.systems.home}/truth/component.parquet'"


def test_every_thing_has_one_sound_code_and_no_code_is_given_twice(libraries: Built) -> None:
    codes = libraries.rows("SELECT city_code, scheme, kind_code FROM lake.base.base_city_code")
    assert len({code for code, _, _ in codes}) == len(codes)
    assert [code for code, _, _ in codes if not is_city_code(code)] == []
    assert all(city_code_check(code[:21]) == code[21] for code, _, _ in codes)
    counted = Counter(scheme for _, scheme, _ in codes)
    things = {
        "component": "topic.topic_component", "uscc": "base.base_legal_entity", "house": "base.base_house",
        "community": "topic.topic_community", "device": "topic.topic_device", "market": "topic.topic_market",
        "parking": "topic.topic_parking_facility", "org": "base.base_organisation",
    }  # fmt: skip
    for scheme, table in things.items():
        assert libraries.rows(f"SELECT count(*) FROM lake.{table}") == [(counted[scheme],)], table
    assert libraries.rows("SELECT count(*) FROM lake.topic.topic_gbcp_entity") == [(len(codes),)]
    assert libraries.rows("SELECT count(*) FROM lake.open.open_city_code") == [(len(codes),)]


def test_components_have_the_code_of_what_and_where_they_are(libraries: Built, components: str) -> None:
    """District, class and number are those of their own code; the kind of space is that of the smallest space round
    the place where a component truly stands."""
    rows = libraries.rows(
        "WITH within AS (SELECT c.component_code, s.space_type_code FROM "
        f"{components} c JOIN lake.base.base_space s ON {METRES} <= s.radius_m "
        "QUALIFY row_number() OVER (PARTITION BY c.component_code ORDER BY s.radius_m, s.space_id) = 1) "
        "SELECT c.component_code, k.city_code, coalesce(w.space_type_code, '0'), c.is_removed, e.status_code "
        f"FROM {components} c JOIN lake.base.base_city_code k ON k.local_code = c.component_code "
        "JOIN lake.topic.topic_gbcp_entity e USING (city_code) LEFT JOIN within w USING (component_code)"
    )
    assert len(rows) > 400
    for own, code, _, is_removed, status in rows:
        assert (code[:7], code[8:21]) == (f"{own[:6]}P", f"{own[6:10]}000{own[10:]}")
        assert status == ("retired" if is_removed else "active"), own
    spaces = Counter(code[7] == space for _, code, space, _, _ in rows)
    assert spaces[False] <= 0.02 * len(rows), "a delivered place is as exact as it was measured"


def test_what_merged_and_what_was_split_says_what_it_became(libraries: Built) -> None:
    told = libraries.rows(
        "SELECT o.old_code, e.status_code, e.successor_codes, string_agg(n.city_code, ';' ORDER BY n.city_code), "
        "bool_and(e.valid_to + 1 = o.changed_on) FROM lake.vocab.object_change o "
        "JOIN lake.base.base_city_code w ON w.local_code = o.old_code "
        "JOIN lake.base.base_city_code n ON n.local_code = o.new_code "
        "JOIN lake.topic.topic_gbcp_entity e ON e.city_code = w.city_code GROUP BY ALL"
    )
    assert {status for _, status, *_ in told} == {"merged", "split"}
    assert all(said == known and ended for _, _, said, known, ended in told)


def test_other_codes_lead_back(libraries: Built, components: str) -> None:
    [(known, led)] = libraries.rows(
        f"SELECT count(*), count(k.city_code) FROM {components} c "
        "LEFT JOIN lake.topic.topic_code_alias a ON a.scheme = '30428-16' AND a.alias_code = c.component_code "
        "LEFT JOIN lake.base.base_city_code k ON k.city_code = a.city_code AND k.local_code = c.component_code"
    )
    assert known == led > 400
    sealed = "SELECT scheme FROM lake.topic.topic_code_alias WHERE sealed_code IS NOT NULL OR alias_code IS NULL"
    assert {scheme for (scheme,) in libraries.rows(f"{sealed} GROUP BY ALL")} == {"house", "address"}
    old = "SELECT alias_code FROM lake.topic.topic_code_alias WHERE scheme = 'grid14' AND length(alias_code) <> 14"
    assert libraries.rows(old) == []


def test_relations_are_those_that_the_things_say(libraries: Built, components: str) -> None:
    """Today every standing component has its owner once; the cell it truly stands in; nothing removed has any."""
    today = f"DATE '{libraries.last}' BETWEEN r.valid_from AND r.valid_to AND NOT r.is_deleted"
    rows = libraries.rows(
        f"SELECT r.rel_code, c.is_removed, count(*), count(*) FILTER (g.local_code = c.grid_code) FROM {components} c "
        "JOIN lake.base.base_city_code k ON k.local_code = c.component_code JOIN lake.topic.topic_gbcp_relation r "
        f"ON k.city_code = CASE r.rel_code WHEN 'located_in' THEN r.from_code ELSE r.to_code END AND {today} "
        "JOIN lake.base.base_city_code g ON g.city_code = r.to_code GROUP BY ALL"
    )
    standing = f"SELECT count(*) FROM {components} JOIN lake.topic.topic_component USING (component_code) "
    [(count,)] = libraries.rows(f"{standing} WHERE NOT component.is_removed")
    assert {rel: (removed, found) for rel, removed, found, _ in rows} == dict.fromkeys(
        ("owns", "manages", "maintains", "located_in"), (False, count)
    )
    [in_cell] = [same for rel, _, _, same in rows if rel == "located_in"]
    assert in_cell == count
