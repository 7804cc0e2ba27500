"""Which groups are withheld, and that what is told does not lead to them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.disclosure.groups import Cell, withheld
from tests.gateway.conftest import client_over
from tests.gateway.fake_policy import put_policy
from tests.gateway.fake_release import publish_rows
from tests.gateway.policy.city import COLUMNS, case, entries, policy

MINIMUM = 5
parents = st.tuples(st.sampled_from(("a", "b", "c", None)), st.sampled_from(("x", "y", None)))
cells = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), parents), max_size=12).map(
    lambda found: [Cell((n,), rows, min(size, rows) if rows else size, p) for n, (rows, size, p) in enumerate(found)]
)


@given(cells)
def test_no_group_that_is_too_small_is_told_nor_left_alone_in_a_total(groups: list[Cell]) -> None:
    hidden = withheld(groups, MINIMUM, keys=1)
    told = [cell for cell in groups if cell.rows and cell not in hidden]
    assert all(cell.rows >= MINIMUM and cell.smallest >= MINIMUM for cell in told)
    for parent in {parent for cell in groups for parent in cell.parents}:
        inside = [cell for cell in hidden if parent in cell.parents]
        shown = [cell for cell in told if parent in cell.parents]
        if inside and shown:  # else the total is what is withheld
            assert len(inside) >= 2
            assert sum(cell.rows for cell in inside) >= MINIMUM


@given(cells)
def test_nothing_is_withheld_where_every_group_is_large(groups: list[Cell]) -> None:
    large = [cell for cell in groups if cell.rows >= MINIMUM and cell.smallest >= MINIMUM]
    assert withheld(large, MINIMUM, keys=1) == []


@given(cells)
def test_of_crossed_groups_all_are_told_or_none(groups: list[Cell]) -> None:
    hidden = withheld(groups, MINIMUM, keys=2)
    assert hidden in ([], [cell for cell in groups if cell.rows])


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The public sees `fee` and `note` of open cases in aggregates only. Streets lie in districts; one street has three
    cases, and in another two notes are missing."""
    home: Path = tmp_path_factory.mktemp("city")
    streets = {"990101001": 20, "990101002": 3, "990101003": 9, "990102001": 20, "990102002": 30}
    rows, number = [], 0
    for street, count in streets.items():
        for _ in range(count):
            row = case(number) | {"street": street, "district": street[:6]}
            row["note"] = None if street == "990102001" and number % 10 == 0 else row["note"]
            rows.append({name: row[name] for name in COLUMNS["open_cases"]})
            number += 1
    publish_rows(home, 1, [entry for entry in entries() if entry.id == "open_cases"], {"open_cases": rows})
    put_policy(home, policy())
    with client_over(home) as found:
        yield found


def ask(client: httpx.Client, query: str) -> dict[str, Any]:
    answer = client.get(f"/v1/datasets/open_cases/{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_small_group_is_withheld_and_with_it_another_of_the_same_district(client: httpx.Client) -> None:
    told = ask(client, "aggregate?group=street&measure=count,fee__sum")
    assert told["withheld"] is True
    assert [group["street"] for group in told["groups"]] == ["990101001", "990102001", "990102002"]
    districts = ask(client, "aggregate?group=district&measure=count,fee__sum")
    assert (districts["withheld"], len(districts["groups"])) == (False, 2)
    streets = Counter({group["street"]: group["count"] for group in told["groups"]})
    left = districts["groups"][0]["count"] - streets["990101001"]
    assert left >= MINIMUM  # what the totals leave is of two streets together


def test_without_the_protected_column_everything_is_told(client: httpx.Client) -> None:
    told = ask(client, "aggregate?group=street")
    assert (told["basis"], told["withheld"], len(told["groups"])) == ("rows", False, 5)


@pytest.mark.parametrize("condition", ["case_no__ne=C00001", "case_no__notin=C00001,C00002", "minutes__gt=10", "fee=3"])
def test_a_condition_that_cuts_off_few_rows_tells_nothing(client: httpx.Client, condition: str) -> None:
    told = ask(client, f"aggregate?measure=fee__sum&{condition}")
    if told["groups"]:  # then every value that the condition tells apart has enough rows
        assert not condition.startswith("case_no")
    else:
        assert told["withheld"] is True


def test_the_difference_of_two_answers_is_never_that_of_few_rows(client: httpx.Client) -> None:
    whole = ask(client, "aggregate?measure=fee__sum,count")["groups"][0]
    for condition in ("street__ne=990101002", "street__in=990101002", "street__notin=990101001,990101002"):
        told = ask(client, f"aggregate?measure=fee__sum,count&{condition}")["groups"]
        assert not told or min(told[0]["count"], whole["count"] - told[0]["count"]) >= MINIMUM


@pytest.mark.parametrize("query", ["", "group=district&", "group=street&", "group=street,kind&", "fee__ge=0&"])
def test_how_few_rows_lack_a_value_is_not_told(client: httpx.Client, query: str) -> None:
    """The number of rows less that of values is the number of those without one, which is a small group as well."""
    told = ask(client, f"aggregate?{query}measure=count,note__count")
    assert told["withheld"] is True
    assert all(group["count"] == group["note__count"] for group in told["groups"])


@pytest.mark.parametrize("measure", ["min", "max", "median", "distinct"])
def test_values_of_single_rows_are_no_aggregates(client: httpx.Client, measure: str) -> None:
    answer = client.get(f"/v1/datasets/open_cases/aggregate?measure=fee__{measure}")
    assert (answer.status_code, answer.json()["code"]) == (403, "not-aggregable")


def test_every_format_says_that_groups_are_withheld(client: httpx.Client) -> None:
    for form in ("json", "csv", "ndjson", "parquet"):
        answer = client.get(f"/v1/datasets/open_cases/aggregate.{form}?group=street&measure=fee__sum")
        assert answer.headers["CivicLake-Withheld"] == "true"


def test_pages_of_large_groups_are_the_whole(client: httpx.Client) -> None:
    whole = ask(client, "aggregate?group=street&measure=fee__sum&order=-fee__sum")["groups"]
    page = ask(client, "aggregate?group=street&measure=fee__sum&order=-fee__sum&limit=2")
    rest = client.get(page["next"]).json()
    assert page["groups"] + rest["groups"] == whole
    assert rest["complete"] is True
