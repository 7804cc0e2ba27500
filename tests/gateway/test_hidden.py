"""What a caller may not see cannot be told from what was never there: in no address, parameter, error or tag."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from catalog.compiled import CompiledDataset
from catalog.contract.options import Level
from gateway.policy.actor import PUBLIC
from gateway.policy.decide import decide
from tests.gateway.conftest import client_over
from tests.gateway.fake_policy import TODAY, policy_over
from tests.gateway.fake_release import TICKETS, dataset_entry, publish

HIDDEN, MADE_UP = "phone", "poney"  # as long as each other, so that answers are comparable byte by byte
PLACES = [
    "{c}=1",
    "{c}__contains=1",
    "{c}__isnull=true",
    "{c}__nonsense=1",
    "{c}__between=1",
    "select={c}",
    "select=ticket_no,{c}",
    "order={c}",
    "order=-minutes,-{c}",
    "limit=0&{c}=1",
    "format=csv&select={c}",
    "total=exact&{c}=1",
    "cursor=x&order={c}",
]


def same_but_for_the_name(
    first: httpx.Response,
    second: httpx.Response,
    names: tuple[str, str],
    own: frozenset[str] = frozenset({"ratelimit"}),
) -> bool:
    """Whether two answers are alike; `own` are fields that tell of the caller's own requests before."""

    def told(answer: httpx.Response, name: str) -> tuple[object, ...]:
        headers = {key: value for key, value in answer.headers.items() if key not in {"date", "x-request-id", *own}}
        return (
            answer.status_code,
            headers,
            answer.text.replace(name, "NAME").replace(answer.headers["X-Request-Id"], "ID"),
        )

    return told(first, names[0]) == told(second, names[1])


@pytest.mark.parametrize("place", PLACES)
def test_a_hidden_column_is_like_one_that_never_was(client: httpx.Client, place: str) -> None:
    answers = [client.get(f"/v1/datasets/tickets/rows?{place.format(c=name)}") for name in (HIDDEN, MADE_UP)]
    assert answers[0].status_code == 400
    assert same_but_for_the_name(answers[0], answers[1], (HIDDEN, MADE_UP))


@pytest.mark.parametrize(
    "query",
    [
        "aggregate?group={c}",
        "aggregate?group={c}__month",
        "aggregate?measure={c}__count",
        "aggregate?having={c}__count=1",
        "aggregate?order={c}",
        "aggregate.csv?{c}=1",
        "distinct?column={c}",
        "facets?facets=district,{c}",
        "count?{c}__contains=1",
    ],
)
def test_a_hidden_column_is_no_group_either(client: httpx.Client, query: str) -> None:
    answers = [client.get(f"/v1/datasets/tickets/{query.format(c=name)}") for name in (HIDDEN, MADE_UP)]
    assert answers[0].status_code == 400
    assert same_but_for_the_name(answers[0], answers[1], (HIDDEN, MADE_UP))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/aggregate",
        "/distinct",
        "/facets",
        "/count",
        "/changes?since=1",
        "/rows",
        "/rows.csv",
        "/rows?limit=x",
        "/files/{d}.csv",
        "/files/{d}.parquet",
        "/x",
    ],
)
@pytest.mark.parametrize(("hidden", "made_up"), [("conditional", "conditionel"), ("all_secret", "all_secrat")])
def test_a_hidden_dataset_is_like_one_that_never_was(
    client: httpx.Client, address: str, hidden: str, made_up: str
) -> None:
    answers = [client.get(f"/v1/datasets/{name}{address.format(d=name)}") for name in (hidden, made_up)]
    assert answers[0].status_code == 404
    assert same_but_for_the_name(answers[0], answers[1], (hidden, made_up))


def test_nothing_hidden_is_named_or_given_anywhere(client: httpx.Client) -> None:
    for address in ("/", "/v1/datasets", "/v1/datasets/tickets", "/openapi.json", "/v1/datasets/tickets/rows?limit=80"):
        for accept in ("application/json", "text/html", "text/csv"):
            text = client.get(address, headers={"Accept": accept}).text
            hidden = ("phone", "conditional", "1390007")
            if address != "/openapi.json":  # which tells of columns that are seen in aggregates, as /access does
                hidden += ("rank", "secret")
            assert not [word for word in hidden if word in text], address


def test_cities_that_differ_in_hidden_values_only_answer_alike(tmp_path: Path) -> None:
    """Every byte, status, header and entity tag is the same, whatever the hidden columns hold."""
    homes = [tmp_path / "one", tmp_path / "two"]
    for home, hidden in zip(homes, (7, 9), strict=True):
        publish(home, 1, rows=60, hidden=hidden)
    secret = {"cursor_secret": "the same for both of them"}
    moment = datetime(2026, 3, 2, 8, tzinfo=UTC)
    same = {"X-Request-Id": "question-1", "Host": "data.example.org"}
    with (
        client_over(homes[0], clock=lambda: moment, **secret) as one,
        client_over(homes[1], clock=lambda: moment, **secret) as two,
    ):
        count = 0
        for address in _questions():
            count += 1
            answers = [client.get(address, headers=same) for client in (one, two)]
            assert same_but_for_the_name(answers[0], answers[1], ("", ""), own=frozenset()), address
    assert count > 140


def _questions() -> Iterator[str]:
    yield from ("/", "/healthz", "/openapi.json", "/v1/datasets", "/v1/datasets/tickets", "/v1/datasets/sealed_key")
    yield from ("/v1/datasets/tickets/files/tickets.csv", "/v1/datasets/conditional", "/v1/datasets/all_secret/rows")
    visible = [name for name, (_, level) in TICKETS.items() if level == "L1"]
    for name, suffix in itertools.product(visible, (".json", ".csv")):
        for query in (
            "",
            f"order=-{name}&limit=7",
            f"{name}__isnull=true",
            f"{name}=1",
            f"select={name}&limit=3",
            "rank=1",
        ):
            yield f"/v1/datasets/tickets/rows{suffix}?{query}"
    yield "/v1/datasets/sealed_key/files/sealed_key.csv"  # it lies in the order of the hidden key
    for query in ("", "limit=5", "order=-a&limit=3", "order=b&limit=11", "secret=1", "a=1"):
        yield f"/v1/datasets/sealed_key/rows?{query}"


@pytest.mark.parametrize(
    ("opening", "levels", "allowed"),
    [
        ("unconditional", ("L1", "L1"), ("c0", "c1")),
        ("unconditional", ("L1", "L2"), ("c0",)),
        ("unconditional", ("L3", "L1"), ("c1",)),
        ("unconditional", ("L4", "L2"), None),
        ("unconditional", (), None),
        ("conditional", ("L1", "L1"), None),
        ("none", ("L1", "L1"), None),
    ],
)
def test_the_public_gets_l1_of_unconditionally_open_datasets(
    opening: str, levels: tuple[Level, ...], allowed: tuple[str, ...] | None
) -> None:
    columns = {f"c{number}": ("INTEGER", level) for number, level in enumerate(levels)}
    dataset: CompiledDataset = dataset_entry("probe", columns, ("c0",), opening=opening)
    decision = decide(policy_over([dataset]), PUBLIC, "read", "probe", None, TODAY)
    assert (decision.allow, decision.columns) == (allowed is not None, allowed or ())
    assert decision.reasons
