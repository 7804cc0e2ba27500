"""Evaluation of the whole city against what its systems know: cheating, hot spots, calls made again, scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date

import duckdb
import pytest

from tests.city.conftest import Built

pytestmark = pytest.mark.slow(seconds=20)

PLAYED = {"batch_close": "batch", "same_spot": "standing", "cloned_photo": "clone", "outside_loop": "outside"}
LEAST = 0.99


def plays(libraries: Built) -> set[tuple[str, str]]:
    """What was played with cases that came in and count, as (case, flag), where what gives it away came in too.

    That is the case a photograph was cloned of, and five of the cases of one day that were reported from one spot.
    """
    held = libraries.rows("SELECT case_no, is_void OR is_deleted, close_at FROM lake.topic.topic_grid_case")
    counted = {case for case, is_out, _ in held if not is_out}
    closed = {case for case, _, close_at in held if close_at}
    flags = {play: flag for flag, play in PLAYED.items()}
    rows = duckdb.sql(f"SELECT case_no, play FROM '{libraries.systems.home}/grid_plays.parquet'").fetchall()
    standing = Counter(case[:8] for case, play in rows if play == "standing" and case in counted)
    return {
        (case, flags[play])
        for case, play in rows
        if play in flags
        and case in counted
        and (play != "clone" or f"{int(case) - 1:015d}" in counted)
        and (play != "standing" or standing[case[:8]] >= 5)
        and (play not in ("batch", "outside") or case in closed)
    }


def test_what_is_played_with_cases_is_flagged_and_nothing_else(
    libraries: Built, record_property: Callable[[str, object], None]
) -> None:
    truth = plays(libraries)
    truth |= {
        (case, "fast_handling")
        for (case,) in libraries.rows(
            "SELECT case_no FROM lake.topic.topic_grid_case WHERE list_contains(_flags, 'G11') AND NOT is_void"
        )
    }
    found = set(libraries.rows("SELECT case_no, flag_code FROM lake.theme.theme_integrity_flag"))
    table = []
    for flag in (*PLAYED, "fast_handling"):
        planted, named = ({case for case, f in pairs if f == flag} for pairs in (truth, found))
        hits = len(planted & named)
        table.append((flag, len(planted), len(named), hits / max(len(named), 1), hits / max(len(planted), 1)))
    record_property("printed", "\n".join(f"{f:<16}{p:>6}{n:>6}{pr:>8.3f}{re_:>8.3f}" for f, p, n, pr, re_ in table))
    assert all(planted for _, planted, *_ in table)
    assert [row for row in table if min(row[3], row[4]) < LEAST] == []


def test_the_hot_hours_are_the_planted_ones(libraries: Built) -> None:
    spots = f"'{libraries.systems.home}/grid_plays.parquet'"
    hot = libraries.rows(
        f"SELECT (isodow(p.shown_at) - 1) * 24 + hour(p.shown_at), count(*) FROM {spots} p"
        " JOIN lake.topic.topic_grid_case t USING (case_no) WHERE p.play = 'hot' GROUP BY ALL HAVING count(*) >= 5"
    )
    found = libraries.rows(
        "SELECT hour_of_week, observed FROM lake.theme.theme_three_high"
        " WHERE kind = 'time' AND source = 'grid' AND is_flagged AND class_code = 'E0510'"
    )
    assert dict(found) == dict(hot) != {}
    [(place, planted)] = libraries.rows(
        f"SELECT t.grid_code, count(*) FROM {spots} p JOIN lake.topic.topic_grid_case t USING (case_no)"
        " WHERE p.play = 'hot' GROUP BY ALL ORDER BY 2 DESC LIMIT 1"
    )
    [(hottest, observed)] = libraries.rows(
        "SELECT grid_code, observed FROM lake.theme.theme_three_high WHERE kind = 'place' AND is_flagged"
        " ORDER BY observed DESC LIMIT 1"
    )
    assert hottest == place
    assert observed >= planted


def test_calls_made_again_are_found(libraries: Built) -> None:
    """Callers and classes as the hotline's own log has them; the theme knows callers by their pseudonyms only."""
    log = f"read_parquet('{libraries.systems.home}/hotline/tickets-*.parquet')"
    known = libraries.rows(f"""
        WITH told AS (
            SELECT body ->> '工单编号' AS no, regexp_replace(translate(body ->> '联系电话', '０１２３４５６７８９', '0123456789'), '\\D', '', 'g') AS phone,
                   body ->> '三级分类' AS leaf, CAST(body ->> '受理时间' AS TIMESTAMP) AS accepted
            FROM {log}),
        call AS (SELECT DISTINCT t.ticket_no, t.sub_no, phone, leaf, t.accept_time FROM told
                 JOIN lake.topic.topic_hotline_ticket t ON t.ticket_no = no[:15] AND t.accept_time = accepted
                  AND t.sub_no = coalesce(nullif(no[17:], ''), '00')
                 WHERE NOT t.is_deleted AND t.ticket_type_code NOT IN ('consultation', 'praise'))
        SELECT DISTINCT r.ticket_no FROM call r JOIN call e USING (phone, leaf)
        WHERE e.ticket_no <> r.ticket_no AND e.accept_time < r.accept_time
          AND r.accept_time <= e.accept_time + INTERVAL 30 DAY""")  # noqa: E501  -- one line of Chinese keys
    found = libraries.rows("SELECT DISTINCT reported_no FROM lake.theme.theme_repeat_case WHERE likeness = 'caller'")
    assert len(found) > 5
    assert set(found) == set(known)


def test_scores_are_the_weighted_leaves(libraries: Built) -> None:
    """Recomputed from the vocabulary in Python, for every organisation of the last month."""
    month = libraries.last.replace(day=1)
    nodes = libraries.rows(
        "SELECT tree_code, node_code, parent_code, weight, metric_ref, floor_value, target_value"
        " FROM lake.base.base_evaluation_node WHERE $1 BETWEEN valid_from AND valid_to", [month]
    )  # fmt: skip
    values = {
        (dimension, unit, metric): float(value)
        for dimension, unit, metric, value in libraries.rows(
            "SELECT dimension, unit_code, metric_ref, value FROM lake.theme.theme_evaluation_metric"
            " WHERE month = $1 AND value IS NOT NULL", [month]
        )
    }  # fmt: skip

    def leaves(tree: str, node: str) -> list[tuple[float, str, float, float]]:
        below = []
        for other, code, parent, weight, metric, floor, target in nodes:
            if other == tree and code == node and metric:
                return [(1.0, metric, floor, target)]
            if other == tree and parent == node:
                below += [(weight * share, *leaf) for share, *leaf in leaves(tree, code)]
        return below

    scores = libraries.rows(
        "SELECT tree_code, node_code, unit_code, score FROM lake.theme.theme_evaluation_score WHERE month = $1", [month]
    )
    assert {tree for tree, *_ in scores} == {"organisation", "district"}
    for tree, node, unit, score in scores:
        known = [
            (share, min(1.0, max(0.0, (values[tree, unit, metric] - floor) / (target - floor))))
            for share, metric, floor, target in leaves(tree, node)
            if (tree, unit, metric) in values
        ]
        expected = 100 * sum(s * v for s, v in known) / sum(s for s, _ in known) if known else None
        assert expected is None if score is None else float(score) == pytest.approx(expected, abs=6e-4), (node, unit)


def test_the_months_of_the_grid_are_told_for_every_unit(libraries: Built) -> None:
    """Units of a dimension add up to the city, but for cases that have no such unit."""
    by_dimension = dict(
        libraries.rows(
            "SELECT dimension, sum(reported) FROM lake.theme.theme_grid_performance WHERE month >= $1 GROUP BY ALL",
            [date(2026, 6, 1)],
        )
    )
    assert by_dimension["class"] == by_dimension["city"] >= by_dimension["organisation"] > 0


def test_a_campaign_is_a_library_of_one_file(libraries: Built) -> None:
    condition = "class_code IN ('C0113', 'E0403', 'E0408') AND NOT is_void AND NOT is_deleted"
    cases = libraries.rows(f"SELECT case_no FROM lake.topic.topic_grid_case WHERE {condition} ORDER BY 1")
    assert libraries.rows("SELECT case_no FROM lake.theme.theme_campaign_fire_safety ORDER BY 1") == cases != []
