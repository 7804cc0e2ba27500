"""What the sensors read, what the lifelines warned of, and the vital signs, against what the departments know."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pytest

from tests.city.conftest import Built

pytestmark = pytest.mark.slow(seconds=60)
DIMENSIONS = {
    "municipal", "cityscape", "sanitation", "energy", "traffic", "water", "safety", "ecology", "public",
}  # fmt: skip


def truth(libraries: Built, query: str) -> list[tuple[object, ...]]:
    """Answer of a query on a truth of the departments, whose name stands in braces."""
    folder = libraries.systems.home / "truth"
    names = {file.stem: f"'{file}'" for file in folder.glob("*.parquet")}
    return duckdb.sql(query.format(**names)).fetchall()


def test_readings_are_those_the_devices_sent_once_and_in_one_unit(libraries: Built) -> None:
    found = libraries.rows("""
        SELECT metric_code, CAST(read_at AS DATE), count(*), count(*) FILTER (is_abnormal), round(sum(value), 2)
        FROM lake.topic.topic_reading WHERE NOT is_late GROUP BY ALL ORDER BY ALL""")
    expected = truth(libraries, "SELECT kind, day, readings, peaks, round(total, 2) FROM {sensor_day} ORDER BY ALL")
    assert [row[:4] for row in found] == [row[:4] for row in expected]
    assert [float(row[4]) for row in found] == pytest.approx([row[4] for row in expected], abs=0.02)
    assert sum(row[2] for row in found) > 900


def test_effective_alarms_are_those_that_were_right(libraries: Built) -> None:
    [found] = libraries.rows("SELECT sum(raised), sum(judged), sum(effective) FROM lake.theme.theme_lifeline_alarm")
    [expected] = truth(
        libraries,
        "SELECT count(*), count(*) FILTER (is_judged), count(*) FILTER (is_judged AND is_effective) "
        "FROM {lifeline_alarm}",
    )
    assert found == expected
    assert 0 < found[2] < found[1]


def test_a_sign_says_what_its_sensors_read(libraries: Built) -> None:
    since = libraries.last - timedelta(days=7)
    [(value,)] = libraries.rows(
        "SELECT value FROM lake.theme.theme_vital_sign_value WHERE sign_code = 'EC03' AND area_level = 2 AND day = ?",
        [libraries.last],
    )
    [(expected,)] = truth(
        libraries,
        f"SELECT 100 * sum(peaks) / sum(readings) FROM {{sensor_day}} WHERE kind = 'noise' AND day > DATE '{since}'",
    )
    assert value == pytest.approx(Decimal(str(expected)), abs=Decimal("0.0001"))


def test_vital_signs_of_nine_dimensions_are_told_and_none_that_is_stale_is_green(libraries: Built) -> None:
    rows = libraries.rows(
        "SELECT dim_code, sign_code, level_code, is_stale, heard_on FROM lake.theme.theme_vital_sign_value "
        "WHERE area_level = 2 AND day = ?",
        [libraries.last],
    )
    told = {(dimension, sign) for dimension, sign, _, is_stale, _ in rows if not is_stale}
    assert {dimension for dimension, _ in told} >= DIMENSIONS
    assert min(sum(found == dimension for found, _ in told) for dimension in DIMENSIONS) >= 4
    assert len(told) >= 36
    assert all((level == "stale") == is_stale for _, _, level, is_stale, _ in rows)
    assert all(is_fresh(heard_on, libraries.last) for *_, is_stale, heard_on in rows if not is_stale)
    [(green,)] = libraries.rows(
        "SELECT count(*) FROM lake.theme.theme_vital_sign_value WHERE is_stale AND level_code = 'green'"
    )
    assert green == 0


def is_fresh(heard_on: date | None, day: date) -> bool:
    """Whether a source was heard within twice the frequency of a daily sign, or a longer one."""
    return heard_on is not None and day - heard_on <= timedelta(days=2)


def test_an_alarm_is_open_while_its_sign_is_not_green(libraries: Built) -> None:
    wrong = libraries.rows("""
        SELECT v.sign_code, v.area_code FROM lake.theme.theme_vital_sign_value v
        LEFT JOIN lake.theme.theme_vital_sign_alarm a
          ON v.sign_code = a.sign_code AND v.area_code = a.area_code AND a.closed_on IS NULL
        WHERE v.day = (SELECT max(day) FROM lake.theme.theme_vital_sign_value) AND NOT v.is_stale
          AND (v.level_code <> 'green') <> (a.alarm_id IS NOT NULL)""")
    assert wrong == []


def test_patrols_saw_what_they_walked_past(libraries: Built) -> None:
    found = libraries.rows(
        "SELECT shift_id, planned_cells, seen_cells FROM lake.topic.topic_patrol_coverage ORDER BY ALL"
    )
    assert found == truth(libraries, "SELECT shift_id, planned, seen FROM {patrol_shift} ORDER BY ALL")
    assert 0 < sum(seen for *_, seen in found) < sum(planned for _, planned, _ in found)


def test_what_people_and_cameras_both_tell_of_is_one_event(libraries: Built) -> None:
    [found] = libraries.rows(
        "SELECT count(*), count(*) FILTER (is_burst), count(duplicate_of) FROM lake.topic.topic_patrol_event"
    )
    told = "SELECT count(*), count(*) FILTER (is_burst), count(*) FILTER (is_both) FROM {patrol_event}"
    assert [found] == truth(libraries, told)
    assert min(found) > 0
