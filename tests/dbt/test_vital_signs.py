"""1,700 vital signs over 232 jurisdictions are evaluated in one run, and no sign of a silent source is green."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from orchestration.lake.connect import open_lake
from tests.dbt.landed import Lake

AS_OF = date(2026, 6, 30)
SIGNS = ["theme_metric", "theme_vital_sign_value", "theme_vital_sign_alarm", "open_vital_sign_daily"]
# Facts of every kind and class a metric counts, in every street on every day: 215 streets in 16 districts and the city.
FACTS = """
    INSERT INTO lake.theme.theme_sign_fact
    WITH wanted AS (
        SELECT DISTINCT fact_code, CASE unnest(string_split(classes, ';')) WHEN '*' THEN '' ELSE
               unnest(string_split(classes, ';')) END AS class_code FROM lake.vocab.metric
        UNION SELECT DISTINCT heard_fact, CASE unnest(string_split(classes, ';')) WHEN '*' THEN '' ELSE
               unnest(string_split(classes, ';')) END FROM lake.vocab.metric),
    drawn AS (
        SELECT w.fact_code, w.class_code, d.district_code, d.street_code, c.day,
               1 + hash(w.fact_code, w.class_code, d.street_code, c.day) % 5 AS denominator,
               hash(c.day, d.street_code, w.class_code) % 100 AS luck
        FROM wanted w CROSS JOIN lake.base.base_division d CROSS JOIN lake.base.base_calendar c
        WHERE d.division_level = 4 AND d.valid_to > DATE '2026-06-30'
          AND c.day BETWEEN DATE '2026-01-01' AND DATE '2026-06-30')
    SELECT fact_code, class_code, district_code, street_code, day,
           CASE WHEN fact_code = 'device_heard' OR fact_code LIKE '%reported' THEN denominator
                ELSE round(denominator * (0.7 + 0.003 * luck), 0) END, denominator
    FROM drawn ORDER BY fact_code, day"""


@pytest.mark.slow(seconds=60)
@pytest.mark.nightly
def test_1700_signs_are_evaluated_and_a_silent_source_is_never_green(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    lake = Lake(tmp_path)
    lake.run(AS_OF, select=[f"+{name}" for name in SIGNS])
    with open_lake(lake.workspace) as con:
        con.execute(FACTS)
    before, began = time.process_time(), time.perf_counter()
    lake.run(AS_OF, select=SIGNS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    [(facts,)] = lake.rows("SELECT count(*) FROM lake.theme.theme_sign_fact")
    today = "lake.theme.theme_vital_sign_value WHERE day = DATE '2026-06-30'"
    [(daily, areas)] = lake.rows(f"SELECT count(*), count(DISTINCT area_code) FROM {today}")
    [(instances, values)] = lake.rows(
        "SELECT count(DISTINCT (sign_code, area_code)), count(*) FROM lake.theme.theme_vital_sign_value"
    )
    record_property(
        "printed",
        f"{facts:,} facts; {instances:,} signs of {areas} areas, {values:,} values: "
        f"{time.process_time() - before:.1f} s of processor, {time.perf_counter() - began:.1f} s, peak {peak:,.0f} MB",
    )
    assert areas == 232
    assert instances >= 1_700
    assert daily >= 1_700
    levels = dict(lake.rows(f"SELECT level_code, count(*) FROM {today} GROUP BY ALL"))
    assert levels.keys() >= {"green", "blue", "yellow", "orange", "red"}

    # The grid centre falls silent for three days; everybody else goes on.
    with open_lake(lake.workspace) as con:
        con.execute("DELETE FROM lake.theme.theme_sign_fact WHERE fact_code LIKE 'grid_%' AND day > DATE '2026-06-27'")
    lake.run(AS_OF, select=SIGNS)
    found = lake.rows(f"""
        SELECT m.heard_fact = 'grid_reported', v.level_code = 'stale', count(*) FILTER (v.stale_reason_code = 'age'),
               count(*)
        FROM (SELECT * FROM {today}) v JOIN lake.vocab.metric m USING (metric_ref) GROUP BY ALL ORDER BY ALL""")
    silent = [row for row in found if row[0]]
    assert [row[1:3] for row in silent] == [(True, silent[0][3])], "all of them stale, and by their age"
    assert [row[1] for row in found if not row[0]] == [False]
