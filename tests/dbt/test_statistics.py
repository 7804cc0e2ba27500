"""Statistics in SQL against the same formulas written out in Python."""

from __future__ import annotations

import math
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dbt.macros import render


def asked(text: str, **values: Any) -> list[tuple[Any, ...]]:
    """The answer of a Jinja text, with the logarithms of factorials at hand."""
    return duckdb.execute(render("with {{ factorials() }} " + text, **values)).fetchall()


def tail(count: int, mean: float) -> float:
    """P(Poisson(mean) >= count), summed from the far end in exact terms."""
    terms = (math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(count, count + 400))
    return math.fsum(terms)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.floats(0.05, 250)), min_size=1, max_size=20))
def test_the_poisson_tail(cells: list[tuple[int, float]]) -> None:
    rows = ", ".join(f"({number}, {count}, {mean!r}::double)" for number, (count, mean) in enumerate(cells))
    cell = f"(select * from (values {rows}) as v(k, x, mean))"
    found = asked("select * from ({{ poisson_tail(cell, ['k'], 'x', 'mean') }}) order by k", cell=cell)
    for (number, value), (count, mean) in zip(found, cells, strict=True):
        assert value == pytest.approx(tail(count, mean), rel=1e-6, abs=1e-12), cells[number]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.001, 0.004, 0.009, 0.0099, 0.02, 0.03, 0.3, 1.0]), min_size=1, max_size=30))
def test_discoveries_are_those_of_benjamini_and_hochberg(chances: list[float]) -> None:
    rate, ordered = 0.05, sorted(chances)
    kept = [p for rank, p in enumerate(ordered, start=1) if p <= rate * rank / len(ordered)]
    rows = ", ".join(f"('g', {number}, {p}::double)" for number, p in enumerate(chances))
    cell = f"(select * from (values {rows}) as v(g, k, p_value))"
    found = dict(asked("select k, is_discovery from ({{ discoveries(cell, ['g'], rate) }})", cell=cell, rate=rate))
    assert found == {number: bool(kept) and p <= max(kept) for number, p in enumerate(chances)}


@given(st.lists(st.integers(0, 30), min_size=3, max_size=12), st.integers(1, 5))
@settings(max_examples=20, deadline=None)
def test_local_clusters_are_those_of_getis_and_ord(counts: list[int], near: int) -> None:
    places, near = len(counts), min(near, len(counts) - 1)
    mean = sum(counts) / places
    deviation = math.sqrt(sum(n * n for n in counts) / places - mean * mean)
    near_sum = sum(counts[:near])
    [(found,)] = asked(f"select {{{{ local_cluster({near_sum}, {near}, {places}, {mean!r}, {deviation!r}) }}}}")
    if deviation == 0:
        assert found is None
    else:
        expected = (near_sum - mean * near) / (deviation * math.sqrt((places * near - near**2) / (places - 1)))
        assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("now", "all_now", "before", "all_before", "expected"),
    [(6, 7, 2, 14, 3.177), (0, 7, 0, 14, None), (7, 7, 14, 14, None), (0, 0, 2, 14, None), (3, 30, 10, 100, 0)],
)
def test_the_change_of_a_share(now: int, all_now: int, before: int, all_before: int, expected: float | None) -> None:
    [(found,)] = asked(f"select {{{{ share_change({now}, {all_now}, {before}, {all_before}) }}}}")
    assert found is None if expected is None else found == pytest.approx(expected, abs=5e-4)
