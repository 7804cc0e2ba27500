"""Themes of Chicago, whose rows are real, recomputed from the raw files by plain queries and Python."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.examples.test_chicago import CITY, Run, real, run

__all__ = ["run"]
pytestmark = [*real, pytest.mark.slow(seconds=15)]

CROSSWALK = f"read_csv('{CITY / 'vocabulary' / 'code_crosswalk.csv'}', all_varchar = true)"


@pytest.fixture(scope="module")
def cases(run: Run) -> Run:
    """The run, with the last line about every case of the grid as table `sanitation` of the raw files."""
    run.raw.con.execute(f"""
        CREATE OR REPLACE TABLE sanitation AS
        WITH line AS (
            SELECT *, parse_filename(filename) AS file, row_number() OVER () AS n
            FROM read_csv('{run.raw.folder}/chicago/grid/*.csv', all_varchar = true, header = true, filename = true)),
        last AS (
            SELECT * FROM line WHERE regexp_full_match(Service_Request_Number, '[0-9]{{2}}-[0-9]{{8}}')
            QUALIFY row_number() OVER (PARTITION BY Service_Request_Number ORDER BY file DESC, n DESC) = 1)
        SELECT Service_Request_Number AS no, c.code AS class, CAST(Creation_Date AS DATE) AS created,
               CAST(Completion_Date AS DATE) AS completed, TRY_CAST(Community_Area AS INTEGER) AS area,
               CAST(Latitude AS DOUBLE) AS lat, CAST(Longitude AS DOUBLE) AS lon
        FROM last LEFT JOIN {CROSSWALK} c
          ON c.scheme = 'grid_class' AND c.source_value = What_is_the_Nature_of_this_Code_Violation
        WHERE Status NOT LIKE '%Dup'""")
    return run


def raw(of: Run, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query of the raw files."""
    return of.raw.con.execute(query).fetchall()


def lake(of: Run, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query of the lake."""
    return of.con.execute(query).fetchall()


def test_requests_by_class_and_day(run: Run) -> None:
    expected = raw(
        run, "SELECT sr_short_code, CAST(created_date AS DATE), count(*) FROM hotline GROUP BY ALL ORDER BY ALL"
    )
    found = "SELECT class_code, day, sum(tickets) FROM lake.theme.theme_hotline_topic GROUP BY ALL ORDER BY ALL"
    assert lake(run, found) == expected != []


def test_requests_that_came_again(run: Run) -> None:
    """Of the same type from the same address, but for the call centre's own, and what is a mere question."""
    expected = raw(run, f"""
        WITH request AS (
            SELECT sr_number AS no, sr_short_code AS class, street_address AS address, community_area AS area,
                   CAST(created_date AS TIMESTAMP) AS at
            FROM hotline JOIN {CROSSWALK} t ON t.scheme = 'hotline_type' AND t.source_value = sr_short_code
            WHERE t.code NOT IN ('consult', 'consultation', 'praise') AND street_address <> '2111 W Lexington ST'
              AND CAST(community_area AS INTEGER) > 0)
        SELECT DISTINCT r.no FROM request r JOIN request e USING (class, address, area) WHERE e.at < r.at
        ORDER BY 1""")  # fmt: skip
    found = "SELECT reported_no FROM lake.theme.theme_repeat_case WHERE source = 'hotline' ORDER BY 1"
    assert lake(run, found) == expected != []


def test_cases_that_came_again_near_by(cases: Run) -> None:
    """Within 50 m and 30 days of the completion of another of the class, by a query without squares."""
    expected = raw(cases, """
        WITH report AS (SELECT * FROM sanitation WHERE class IS NOT NULL AND lat IS NOT NULL)
        SELECT DISTINCT r.no FROM report r JOIN report e
          ON e.class = r.class AND e.lat BETWEEN r.lat - 0.0006 AND r.lat + 0.0006 AND e.no <> r.no
        WHERE r.created - e.completed BETWEEN 0 AND 30
          AND sqrt(((r.lat - e.lat) * 111320) ** 2 + ((r.lon - e.lon) * 111320 * cos(radians(r.lat))) ** 2) <= 50
        ORDER BY 1""")  # fmt: skip
    found = "SELECT reported_no FROM lake.theme.theme_repeat_case WHERE source = 'grid' ORDER BY 1"
    assert lake(cases, found) == expected
    assert len(expected) > 5_000


def test_cases_of_the_city_by_month(cases: Run) -> None:
    expected = raw(cases, "SELECT date_trunc('month', created)::DATE, count(*) FROM sanitation GROUP BY 1 ORDER BY 1")
    performance = "SELECT month, reported FROM lake.theme.theme_grid_performance WHERE dimension = 'city' ORDER BY 1"
    assert lake(cases, performance) == expected
    ended = (
        "SELECT sum(reported), sum(ended), sum(repeated) FROM lake.theme.theme_case_efficiency WHERE source = 'grid'"
    )
    [(reported, closed, repeated)] = lake(cases, ended)
    assert [(reported, closed)] == raw(cases, "SELECT count(*), count(completed) FROM sanitation")
    assert lake(cases, "SELECT count(*) FROM lake.theme.theme_repeat_case WHERE source = 'grid'") == [(repeated,)]


def test_what_is_frequent(cases: Run) -> None:
    """Days of the week (the hour is not delivered) of four weeks against twelve before: tails and discoveries."""
    counts = raw(cases, """
        WITH last AS (SELECT max(created) AS day FROM sanitation WHERE class IS NOT NULL)
        SELECT area, class, (isodow(created) - 1) * 24, count(*) FILTER (created > day - 28),
               count(*) FILTER (created <= day - 28)
        FROM sanitation, last WHERE created > day - 112 AND area > 0 AND class IS NOT NULL
        GROUP BY ALL HAVING count(*) FILTER (created > day - 28) > 0""")  # fmt: skip
    tails = {}
    for area, kind, hour, now, before in counts:
        mean = max(before * 28 / 84, 0.25)
        below = math.fsum(math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(now))
        tails[f"1714{area:02d}", kind, hour] = (now, before, 1 - below)
    ordered = sorted(tail for _, _, tail in tails.values())
    bound = max((p for rank, p in enumerate(ordered, 1) if p <= 0.01 * rank / len(ordered)), default=-1.0)
    flagged = {cell for cell, (now, _, tail) in tails.items() if now >= 5 and tail <= bound}
    found = lake(
        cases,
        "SELECT area_code, class_code, hour_of_week, observed, observed_before, p_value, is_flagged"
        " FROM lake.theme.theme_three_high WHERE kind = 'time' AND source = 'grid'",
    )
    assert {row[:3] for row in found if row[-1]} == flagged != set()
    for *cell, observed, before, p_value, _ in found:
        now, earlier, tail = tails[cell[0], cell[1], cell[2]]
        assert (observed, before) == (now, earlier)
        assert p_value == pytest.approx(tail, abs=1e-9)


def test_the_risk_of_those_inspected(run: Run) -> None:
    """Failed inspections weigh by the gravest violation the file itself counts, and fade with their age."""
    [(as_of,)] = lake(run, "SELECT DISTINCT as_of FROM lake.theme.theme_credit_risk")
    expected = raw(run, f"""
        WITH holder AS (SELECT Inspection_ID AS id, max(ACCOUNT_NUMBER) AS account FROM licence GROUP BY 1),
        failed AS (
            SELECT 'CHI-' || account AS uscc, date '{as_of}' - CAST(Inspection_Date AS DATE) AS age,
                   CASE WHEN CAST(criticalCount AS INTEGER) > 0 THEN 60 WHEN CAST(seriousCount AS INTEGER) > 0 THEN 25
                        ELSE 10 END AS weight
            FROM inspection JOIN holder ON id = Inspection_ID WHERE Results = 'Fail')
        SELECT uscc, count(*), sum(weight * exp(-age / 365.0)) FROM failed GROUP BY 1""")  # fmt: skip
    found = {
        uscc: (penalties, float(score))
        for uscc, penalties, score in lake(run, "SELECT uscc, penalties, score FROM lake.theme.theme_credit_risk")
    }
    known = [(uscc, penalties, score) for uscc, penalties, score in expected if uscc in found]
    assert len(known) > 2_000
    for uscc, penalties, score in known:
        assert found[uscc] == (penalties, pytest.approx(score, abs=0.006)), uscc


def test_rates_without_calls_back_have_no_denominator(run: Run) -> None:
    """Chicago delivers no first contact and no call-back: there are no rates, rather than rates of nothing."""
    assert lake(run, "SELECT count(*) FROM lake.theme.theme_hotline_score") == [(0,)]
    assert lake(run, "SELECT count(*) FROM lake.theme.theme_integrity_flag") == [(0,)]
