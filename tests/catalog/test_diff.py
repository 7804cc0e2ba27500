"""Changes of a contract are all told, and told breaking when a user of the feed could suffer."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.contract.diff import diff_contracts, is_breaking, version_remark
from catalog.contract.model import FeedContract
from tests.catalog.contracts import Document, column, document, options, rule


def table(doc: Document) -> dict[str, Any]:
    found: dict[str, Any] = doc["schema"][0]
    return found


def contract(change: Callable[[Document], object] = lambda _: None) -> FeedContract:
    doc = copy.deepcopy(document())
    change(doc)
    return FeedContract.model_validate(doc)


def put(node: Callable[[Document], dict[str, Any]], name: str, value: Any) -> Callable[[Document], None]:
    def change(doc: Document) -> None:
        found = node(doc)
        found["customProperties"] = [p for p in found["customProperties"] if p["property"] != name]
        found["customProperties"].append({"property": name, "value": value})

    return change


def a_column(number: int) -> Callable[[Document], dict[str, Any]]:
    return lambda doc: table(doc)["properties"][number]  # type: ignore[no-any-return]


def promise(name: str, value: Any, unit: str | None = "d") -> Document:
    return {"property": name, "value": value} | ({"unit": unit} if unit else {})


BATCH = {"max_bad_share": 0.02, "bad_share_min_rows": 100, "volume_z": 4.0, "volume_min_history": 8}
CHANGES: list[tuple[str, Callable[[Document], object], str, str]] = [
    ("column removed", lambda d: table(d)["properties"].pop(), "breaking", "repair.org_code"),
    ("optional column added", lambda d: table(d)["properties"].append(column("pole")), "compatible", "repair.pole"),
    ("required column added", lambda d: table(d)["properties"].append(column("pole", required=True)), "breaking",
     "repair.pole"),
    ("type narrowed", lambda d: a_column(2)(d).update(physicalType="DECIMAL(16,2)"), "breaking",
     "repair.cost_yuan.physicalType"),
    ("scale gained at the cost of width", lambda d: a_column(2)(d).update(physicalType="DECIMAL(18,3)"), "breaking",
     "repair.cost_yuan.physicalType"),
    ("type widened", lambda d: a_column(2)(d).update(physicalType="DECIMAL(20,3)"), "compatible",
     "repair.cost_yuan.physicalType"),
    ("column demanded", lambda d: a_column(1)(d).update(required=True), "breaking", "repair.reported_at.required"),
    ("column no longer demanded", lambda d: a_column(0)(d).pop("required"), "compatible", "repair.repair_no.required"),
    ("key widened", lambda d: a_column(1)(d).update(primaryKey=True, primaryKeyPosition=2), "breaking", "repair.key"),
    ("level", lambda d: a_column(3)(d).update(classification="L2"), "breaking", "repair.org_code.classification"),
    ("limit tightened", lambda d: a_column(2)(d).update(logicalTypeOptions={"minimum": 1}), "breaking",
     "repair.cost_yuan.minimum"),
    ("limit new", lambda d: a_column(2)(d).update(logicalTypeOptions={"minimum": 0, "maximum": 9}), "breaking",
     "repair.cost_yuan.maximum"),
    ("limit gone", lambda d: a_column(2)(d).pop("logicalTypeOptions"), "compatible", "repair.cost_yuan.minimum"),
    ("title", put(a_column(3), "title", {"zh": "单位", "en": "Organisation"}), "compatible",
     "repair.org_code.title.en"),
    ("alias added", put(a_column(3), "aliases", ["承办单位", "部门"]), "compatible", "repair.org_code.aliases"),
    ("alias dropped", put(a_column(3), "aliases", []), "breaking", "repair.org_code.aliases"),
    ("header renamed, old kept", lambda d: (a_column(3)(d).update(physicalName="部门"),
     put(a_column(3), "aliases", ["承办单位", "单位"])(d)), "compatible", "repair.org_code.aliases"),
    ("unit", put(a_column(2), "unit", "万元"), "breaking", "repair.cost_yuan.unit"),
    ("format dropped", put(a_column(1), "formats", ["%Y"]), "breaking", "repair.reported_at.formats"),
    ("quarantine rule added", lambda d: table(d)["quality"].append(rule("L4", "cost_yuan > 9")), "breaking",
     "repair.L4"),
    ("warning added", lambda d: table(d)["quality"].append(rule("L4", "cost_yuan > 9", "warn")), "compatible",
     "repair.L4"),
    ("rule removed", lambda d: table(d)["quality"].pop(), "compatible", "repair.L3"),
    ("rule sharpened", lambda d: table(d)["quality"][0].update(severity="reject"), "breaking", "repair.L1.severity"),
    ("rule softened", lambda d: table(d)["quality"][0].update(severity="warn"), "compatible", "repair.L1.severity"),
    ("rule rewritten", lambda d: table(d)["quality"][0].update(implementation="cost_yuan > 1"), "breaking",
     "repair.L1.implementation"),
    ("delivery", put(table, "delivery", "delta"), "breaking", "repair.delivery"),
    ("threshold tightened", put(lambda d: d, "batch", {**BATCH, "max_bad_share": 0.01}), "breaking",
     "batch.max_bad_share"),
    ("threshold relaxed", put(lambda d: d, "batch", {**BATCH, "volume_z": 5.0}), "compatible", "batch.volume_z"),
    ("lateness shortened", put(lambda d: d, "lateness", {"days": 7}), "breaking", "lateness.days"),
    ("start later", put(lambda d: d, "start_date", "2025-01-01"), "breaking", "start_date"),
    ("version", lambda d: d.update(version="1.1.0"), "compatible", "version"),
    ("steward", put(lambda d: d, "steward", "other@city.example"), "compatible", "steward"),
    ("delivered more rarely", lambda d: d.update(slaProperties=[promise("frequency", 7)]), "breaking",
     "slaProperties.frequency"),
    ("delivered more often", lambda d: d.update(slaProperties=[promise("frequency", 12, "h")]), "compatible",
     "slaProperties.frequency"),
    ("promise gone", lambda d: d.pop("slaProperties"), "breaking", "slaProperties.frequency"),
    ("promise new", lambda d: d.setdefault("slaProperties", []).append(promise("latency", 3)), "compatible",
     "slaProperties.latency"),
    ("columns in another order", lambda d: table(d)["properties"].reverse(), "compatible", ""),
]  # fmt: skip


@pytest.mark.parametrize(("change", "kind", "path"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_a_change_is_told_with_its_kind_and_place(change: Callable[[Document], object], kind: str, path: str) -> None:
    found = diff_contracts(contract(), contract(change))
    assert (kind, path) in [(entry.kind, entry.path) for entry in found]
    assert is_breaking(found) == (kind == "breaking")


def test_a_table_may_not_go() -> None:
    def second(doc: Document) -> None:
        doc["schema"].append(copy.deepcopy(table(doc)) | {"name": "lamp", "physicalName": "lamps_lamp"})
        options(doc["schema"][1])["title"]["value"]["en"] = "lamps"

    assert [c.text for c in diff_contracts(contract(second), contract())] == ["table removed"]
    assert [c.kind for c in diff_contracts(contract(), contract(second))] == ["breaking"]


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (promise("latency", 31), promise("latency", 3), "compatible"),
        (promise("latency", 1), promise("latency", 26, "h"), "breaking"),
        (promise("retention", 1, "y"), promise("retention", 6, "m"), "breaking"),
        (promise("timeOfAvailability", "01:30", None), promise("timeOfAvailability", "06:00", None), "breaking"),
        (promise("timeOfAvailability", "06:00", None), promise("timeOfAvailability", "01:30", None), "compatible"),
    ],
)
def test_a_weaker_promise_is_breaking(old: Document, new: Document, kind: str) -> None:
    before, after = (contract(lambda d, p=p: d.update(slaProperties=[p])) for p in (old, new))  # type: ignore[misc]
    assert [change.kind for change in diff_contracts(before, after)] == [kind]


def test_a_change_is_told_in_words() -> None:
    def change(doc: Document) -> None:
        doc["slaProperties"] = [promise("frequency", 7)]
        put(lambda d: d, "transport", {"kind": "folder", "path": "inbox"})(doc)
        put(lambda d: d, "title", {"zh": "lamps", "en": "Lamps"})(doc)
        doc["description"]["purpose"] = "x" * 70 + " and more"
        doc["tags"] = ["light"]

    def before(doc: Document) -> None:
        doc["description"]["purpose"] = "x" * 70

    told = {c.path: c.text for c in diff_contracts(contract(before), contract(change))}
    assert told == {
        "slaProperties.frequency": "changed from `1 d` to `7 d`",
        "transport.path": "changed from `${LAMPS_DROP}` to `inbox`",
        "title.en": "changed from `lamps` to `Lamps`",
        "description.purpose": f"changed from `…{'x' * 20}` to `…{'x' * 20} and more`",
        "tags": "changed from `[]` to `[light]`",
    }
    other = contract(put(lambda d: d, "transport", {"kind": "sql", "url": "${LAMPS_URL}"}))
    (sole,) = diff_contracts(contract(), other)
    assert sole.text.startswith("changed from `{kind: folder, path: ${LAMPS_DROP}}` to `{kind: sql, url:")


def test_a_version_that_was_not_raised_is_remarked_on() -> None:
    def remark(change: Callable[[Document], object]) -> str | None:
        old, new = contract(), contract(change)
        return version_remark(old, new, diff_contracts(old, new))

    assert remark(lambda d: table(d)["properties"].pop()) == (
        "`version` stays 1.0.0 with breaking changes: raise it to 2.0.0"
    )
    assert remark(put(lambda d: d, "steward", "a@b.example")) == "`version` stays 1.0.0 with changes: raise it to 1.1.0"
    assert remark(lambda d: d.update(version="1.0.1", name="Lamps")) is None
    assert remark(lambda d: d) is None


SELECTION = st.sets(st.integers(0, len(CHANGES) - 1), max_size=6)


def changed(numbers: set[int]) -> FeedContract:
    def change(doc: Document) -> None:
        for number in sorted(numbers, reverse=True):
            try:
                CHANGES[number][1](doc)
            except (IndexError, KeyError):  # a change of what another change took away is none
                continue

    return contract(change)


@given(SELECTION, SELECTION)
def test_diff_is_total_and_empty_exactly_for_equals(one: set[int], other: set[int]) -> None:
    old, new = changed(one), changed(other)
    assert diff_contracts(old, old) == []
    assert bool(diff_contracts(old, new)) == (old != new)
    assert {c.path for c in diff_contracts(old, new)} == {c.path for c in diff_contracts(new, old)}
