"""The library does not depend on how its rows arrived: in many loads or one, built day by day or at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from catalog.city import load_city
from catalog.manifest import DbtManifest
from orchestration.lake.connect import open_lake
from tests.city.systems import SPINE
from tests.dbt.histories import History
from tests.dbt.landed import Lake

AS_OF = (date(2026, 1, 25), date(2026, 2, 14), date(2026, 3, 10))
LATER = date(2026, 5, 15)
AS_OF_VARIABLE = "civiclake_as_of"
NOBODYS = "110105B303010000000011"


# What is made of delivered rows; the rest of the library says the same in every build.
OF_ROWS: dict[str, Any] = {"select": ["source:landed+"], "exclude": ["path:models/staging"]}


@pytest.mark.slow(seconds=65)
def test_incremental_builds_equal_a_full_one(tmp_path: Path) -> None:
    loads = History(seed=11, loads=3).build()
    lake = Lake(tmp_path, load_city(SPINE).model_copy(update={"without": ("vital_signs",)}))
    for parameter in ("disclosure.k", "disclosure.l"):
        lake.decide(parameter, 1)  # no case of so few has four others like it
    lake.decide("three_high.least_cases", 1)
    lake.decide("three_high.window_days", 14)
    lake.land(1, loads[1])
    lake.run(AS_OF[0])
    for load, as_of in enumerate(AS_OF[1:], start=2):
        lake.land(load, loads[load])
        assert not lake.run(as_of, **OF_ROWS).full_refresh
    # Time passes and nothing arrives: what was not due is due now.
    catalogue = catalogue_version(lake)
    assert not lake.run(LATER, **OF_ROWS).full_refresh
    assert catalogue_version(lake) == catalogue, "no table and no view was made anew"
    daily = lake.library()
    issue(lake, NOBODYS)

    kept = made_of_vocabularies(lake)
    assert {"base_calendar", "base_code", "base_grid_cell"} <= kept
    again = lake.run(LATER, select=sorted(kept))
    assert {node.name: node.message for node in again.nodes} == dict.fromkeys(kept, "KEPT")

    lake.run(LATER, full_refresh=True)
    assert catalogue_version(lake) == catalogue + 1, "all tables and views were made anew in one step"
    assert withdrawn(lake, NOBODYS) == 1, "codes stay, whatever is made anew"
    at_once = lake.library()

    lake.forget()
    withdrawn(lake, "")
    lake.land(1, {table: [row for load in loads.values() for row in load[table]] for table in loads[1]})
    lake.run(LATER, full_refresh=True)
    one_load = lake.library()

    moved = {month for _, month, *_ in daily["theme.theme_hotline_score"] if month.year == 2024}
    assert moved == {date(2024, 6, 1)}
    assert differences(daily, at_once) == {}
    for dated in ("base.base_city_code", "topic.topic_gbcp_entity"):  # by when a thing was first told of
        codes = [[row[:5] for row in told.pop(dated)] for told in (one_load, at_once)]
        assert codes[0] == codes[1], "the codes themselves do not ask how deliveries came"
    assert differences(one_load, at_once) == {}
    # One register alone disagrees with nobody; of so few days every vital sign is stale, and raises no alarm.
    empty = {"open.open_permit", "base.base_correction", "theme.theme_correction", "theme.theme_vital_sign_alarm"}
    assert {table for table, rows in daily.items() if not rows} <= empty


def issue(lake: Lake, code: str) -> None:
    """Enter a code into the register, of a thing that nobody tells of any more."""
    with open_lake(lake.workspace) as con:
        con.execute(
            "INSERT INTO lake.base.base_city_code BY NAME SELECT ? AS city_code, 'uscc' AS scheme, "
            "'gone' AS local_code, 'enterprise' AS kind_code, DATE '2020-01-01' AS issued_on, 1 AS _load_id",
            [code],
        )


def withdrawn(lake: Lake, code: str) -> int:
    """Take codes out again, any that begin so: how many there were."""
    with open_lake(lake.workspace) as con:
        [(count,)] = con.execute(
            "DELETE FROM lake.base.base_city_code WHERE starts_with(city_code, ?)", [code]
        ).fetchall()
    return int(count)


def made_of_vocabularies(lake: Lake) -> set[str]:
    """Tables that are made of vocabularies alone; none of them speaks of the day, on which the rest would depend."""
    manifest = DbtManifest.load(lake.workspace.dbt / "target" / "manifest.json")
    found = set()
    for key, model in manifest.models.items():
        read = {manifest.sources[name].schema for name in manifest.upstream(key) if name in manifest.sources}
        if model.materialized == "table" and read == {"vocab"}:
            assert AS_OF_VARIABLE not in (model.compiled_code or "")
            found.add(model.name)
    return found


def catalogue_version(lake: Lake) -> int:
    """Which version of its catalogue of tables, columns and views the lake is at."""
    with open_lake(lake.workspace, read_only=True) as con:
        [(version,)] = con.execute("SELECT max(schema_version) FROM ducklake_snapshots('lake')").fetchall()
    return int(version)


def differences(left: dict[str, list[Any]], right: dict[str, list[Any]]) -> dict[str, Any]:
    """Rows only in the one and only in the other, by table; tables that agree are left out."""
    return {
        table: (missing(left[table], right[table]), missing(right[table], left[table]))
        for table in left | right
        if left[table] != right[table]
    }


def missing(here: list[Any], there: list[Any]) -> list[Any]:
    return sorted(set(here) - set(there), key=str)
