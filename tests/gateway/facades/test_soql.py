"""The grammar of SoQL: whatever is written reads as itself again, and no text is a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.facades.numbers import beside
from gateway.facades.reading import ReadError
from gateway.facades.soda import soql, spans
from gateway.facades.soda import values as values_of
from gateway.facades.soda.ids import four_by_four
from gateway.facades.soda.nodes import Among, Both, Call, Literal, Name, Negation, Node, Pair, write
from gateway.query.logic import leaves
from gateway.view.types import Family, ValueType
from tests.gateway.conftest import client_over

Strategy = st.SearchStrategy[Node]
names = st.sampled_from(("minutes", "note", "区 1", "we]ird \"na'me", "and", ":id")).map(Name)
literals = st.one_of(
    st.text(alphabet="a'%区 `\\", max_size=5).map(lambda text: Literal(text, "text")),
    st.decimals(allow_nan=False, allow_infinity=False, places=2).map(lambda number: Literal(str(number), "number")),
    st.sampled_from(("true", "false")).map(lambda word: Literal(word, "boolean")),
)
values = names | literals
nodes: Strategy = st.recursive(
    values,
    lambda inner: st.one_of(
        st.builds(Pair, st.sampled_from(("=", "!=", "<", ">=", "like", "+", "*")), inner, inner),
        st.builds(lambda v, o: Among("in", v, tuple(o)), inner, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda v, a, b: Among("between", v, (a, b)), inner, inner, inner),
        st.builds(lambda v: Among("is", v, ()), inner),
        inner.map(Negation),
        st.builds(
            lambda word, parts: Both(word, tuple(parts)),
            st.sampled_from(("and", "or")),
            st.lists(inner, min_size=2, max_size=3),
        ),
        st.builds(
            lambda name, parts: Call(name, tuple(parts)),
            st.sampled_from(("count", "within_box")),
            st.lists(inner, max_size=3),
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(nodes)
def test_what_is_written_reads_as_itself(node: Node) -> None:
    assert soql.parse_condition(write(node)) == node
    assert soql.parse_group(f"{write(node)}, minutes") == (node, Name("minutes"))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    st.lists(st.sampled_from((*"()=<>,*-+'`", "not", "and", "in", "is null", "like", "a", "1", "count")), max_size=12)
)
def test_any_signs_are_read_or_refused(signs: list[str]) -> None:
    for read in (soql.parse_condition, soql.parse_select, soql.parse_order, soql.clauses):
        with suppress(ReadError):
            read(" ".join(signs))


def test_a_query_is_its_clauses() -> None:
    text = "SELECT a, count(*) WHERE b = 'group by' GROUP BY a ORDER  BY a desc LIMIT 5 SEARCH 'x'"
    assert soql.clauses(text) == {
        "select": "a, count(*)", "where": "b = 'group by'", "group": "a", "order": "a desc", "limit": "5",
        "search": "'x'",
    }  # fmt: skip
    for wrong in ("a = 1", "where a where b", ""):
        with pytest.raises(ReadError):
            soql.clauses(wrong)


moments = st.datetimes(datetime(2023, 11, 1), datetime(2025, 2, 2)).map(lambda m: m.replace(microsecond=0, minute=0))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    st.sampled_from(("year", "month", "day")),
    st.sampled_from(("=", "<", "<=", ">", ">=")),
    moments,
    moments,
    st.booleans(),
)
def test_a_condition_on_a_span_is_one_on_the_time(
    span: str, sign: str, value: datetime, edge: datetime, exact: bool
) -> None:
    edge = spans.floor(span, edge) if exact else edge
    begin = spans.floor(span, value)
    expected = {"=": begin == edge, "<": begin < edge, "<=": begin <= edge, ">": begin > edge, ">=": begin >= edge}[
        sign
    ]
    limits = spans.in_spans(span, sign, edge)
    signs = {"lt": value.__lt__, "le": value.__le__, "gt": value.__gt__, "ge": value.__ge__}
    assert all(signs[limit.operator](limit.moment) for limit in limits) == expected


@dataclass(frozen=True)
class OnDay:
    """`day operator text`, as a part of a question that is answered at once."""

    holds: bool
    names: tuple[str, ...] = ()
    plain: list[str] = field(default_factory=list)

    @property
    def opposite(self) -> OnDay:
        return OnDay(not self.holds)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.sampled_from(("eq", "ne", "lt", "le", "gt", "ge")), st.integers(-3, 3), moments)
def test_a_day_compared_with_a_moment_is_compared_with_a_day(sign: str, days: int, moment: datetime) -> None:
    day = moment.date() + timedelta(days)
    text, exact = values_of.floored(ValueType(Family.DATE), Literal(moment.isoformat(), "text"))
    made = beside(sign, text, exact, lambda name, text: OnDay(getattr(day, f"__{name}__")(date.fromisoformat(text))))
    every = isinstance(made, OnDay) or made.every
    parts = [made] if isinstance(made, OnDay) else list(leaves([made]))
    told = (all if every else any)(part.holds for part in parts)
    assert told == getattr(datetime.combine(day, time()), f"__{sign}__")(moment)


def test_the_last_day_of_all_has_none_behind_it() -> None:
    assert spans.after("day", datetime.combine(date.max, time())) is None


@pytest.fixture(scope="module")
def http(home: Path) -> Iterator[httpx.Client]:
    with client_over(home) as client:
        yield client


@settings(max_examples=80, derandomize=True, deadline=None)
@given(nodes, nodes, st.sampled_from(("$where", "$select", "$group", "$order", "$having", "$query", "$q")))
def test_no_expression_is_a_fault_of_ours(http: httpx.Client, node: Node, other: Node, clause: str) -> None:
    parameters = {clause: write(node), "$limit": "3"}
    if clause in ("$group", "$having"):
        parameters["$select"] = write(other)
    answer = http.get(f"/resource/{four_by_four('tickets')}.json", params=parameters)
    assert answer.status_code in (200, 400), answer.text
