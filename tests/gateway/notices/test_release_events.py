"""What is told when another release is served: datasets, columns that came and went, datasets that vanished."""

from __future__ import annotations

import json
from typing import Any

from tests.gateway.conftest import wait_for
from tests.gateway.fake_policy import put_policy
from tests.gateway.fake_release import make_current, publish_rows
from tests.gateway.notices.conftest import City
from tests.gateway.policy.city import COLUMNS, entries, policy, tables


def test_a_release_and_its_columns_are_told_as_far_as_they_are_seen(city: City) -> None:
    made = {city.subscribe(who, datasets=["open_cases"]): who for who in ("developer", "street_a")}
    columns = {name: dict(found) for name, found in COLUMNS.items()}
    columns["open_cases"] |= {"lamp": ("VARCHAR", "L1"), "id_no": ("VARCHAR", "L4")}
    del columns["open_cases"]["phone"], columns["open_cases"]["kind"]
    changed = entries(columns)
    rows = {name: [{c: row.get(c) for c in columns[name]} for row in found] for name, found in tables().items()}
    before = policy()
    after = before.model_copy(update={"datasets": tuple(
        dataset.model_copy(update={"columns": tuple(
            _column(column) for column in next(e for e in changed if e.id == dataset.id).columns)})
        for dataset in before.datasets
    )})  # fmt: skip
    publish_rows(city.home, 2, changed, rows)
    put_policy(city.home, after)
    told: dict[str, dict[str, dict[str, Any]]] = {}
    for _ in range(4):
        got = city.receiver.next()
        told.setdefault(got.headers["civiclake-subscription"], {})[got.event["type"]] = got.event["data"]
    assert set(told) == set(made)
    added = {"developer": ["lamp"], "street_a": ["lamp", "id_no"]}  # a department may read about columns of L4
    for subscription, events in told.items():
        assert (events["release.published"]["release"], events["release.published"]["replaces"]) == (2, 1)
        columns_told = events["schema.changed"]
        assert (columns_told["added"], columns_told["retyped"]) == (added[made[subscription]], [])
        assert columns_told["removed"] in (["kind", "phone"], ["phone", "kind"])
    make_current(city.home, 1)
    back = [city.receiver.next().event for _ in range(4)]
    assert {event["data"]["replaces"] for event in back} == {2}
    assert len({event["id"] for event in back}) == 2


def _column(column: Any) -> Any:
    from catalog.policy.model import ColumnPolicy

    return ColumnPolicy(name=column.name, level=column.level)


def test_a_column_nobody_may_see_makes_no_event(city: City) -> None:
    city.subscribe("developer", types=["schema.changed", "withdrawal"])
    columns = {name: dict(found) for name, found in COLUMNS.items()}
    columns["open_cases"] |= {"id_no": ("VARCHAR", "L4")}
    rows = {name: [{c: row.get(c) for c in columns[name]} for row in found] for name, found in tables().items()}
    publish_rows(city.home, 2, entries(columns), rows)
    wait_for(lambda: city.client.get("/healthz").json()["release"] == 2)
    city.withdraw("open_cases", 13)
    assert city.receiver.next().event["type"] == "withdrawal"


def test_a_dataset_that_vanished_is_told_to_who_knew_of_it(city: City) -> None:
    made = {city.subscribe(who, types=["schema.changed"]): who for who in ("developer", "bureau")}
    columns = {name: dict(found) for name, found in COLUMNS.items() if name == "sealed"}
    rows = {name: found for name, found in tables().items() if name in columns}
    publish_rows(city.home, 2, entries(columns), rows)
    put_policy(city.home, policy().model_copy(update={"datasets": ()}))
    told: dict[str, dict[str, Any]] = {"developer": {}, "bureau": {}}
    for _ in range(4):
        got = city.receiver.next()
        told[made[got.headers["civiclake-subscription"]]][got.event["subject"]] = got.event["data"]
    assert set(told["developer"]) == {"open_cases"}, "of the others it never knew"
    assert set(told["bureau"]) == {"open_cases", "cases", "street_pack"}
    data = told["developer"]["open_cases"]
    assert (data["gone"], data["release"], data["replaces"], data["added"]) == (True, 2, 1, [])
    assert set(data["removed"]) == {"case_no", "district", "street", "kind", "minutes", "fee", "note", "phone"}
    assert "level" not in json.dumps(told)
    feed = city.ask("public", "GET", "/v1/feeds/events.atom").text
    assert "open_cases: 已不再提供 no longer served" in feed
    assert "street_pack" not in feed
    assert city.receiver.idle
