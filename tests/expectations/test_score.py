"""The quality score: hand-worked figures, and bounds that always hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from expectations.score import Judged, load_weights, score

WEIGHTS = load_weights()


def test_hand_worked() -> None:
    results = [
        Judged("completeness", "block", passed=False, unexpected=10, elements=100),
        Judged("completeness", "block", passed=True, unexpected=0, elements=100),
        Judged("consistency", "warn", passed=False, unexpected=50, elements=100),
    ]
    found = score(results, WEIGHTS)
    assert found.by_dimension == {"completeness": 0.95, "consistency": 0.5}
    assert found.total == 0.725


def test_nothing_checked_is_no_score() -> None:
    assert score([], WEIGHTS).total is None


def test_a_row_count_out_of_bounds_fails_in_full() -> None:
    assert score([Judged("coverage", "block", passed=False, unexpected=0, elements=0)], WEIGHTS).total == 0.0


judged = st.builds(
    Judged,
    st.sampled_from(sorted(WEIGHTS.dimensions)),
    st.sampled_from(sorted(WEIGHTS.severities)),
    st.booleans(),
    st.integers(0, 200),
    st.integers(0, 100),
)


@given(st.lists(judged, min_size=1, max_size=20))
def test_bounds(results: list[Judged]) -> None:
    found = score(results, WEIGHTS)
    assert found.total is not None
    assert all(0 <= value <= 1 for value in [found.total, *found.by_dimension.values()])
