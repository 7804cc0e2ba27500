"""A contract is read whole or refused with file, line, key and mend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.contract.load import load_contract
from catalog.contract.model import FeedContract
from catalog.errors import CatalogError
from tests.catalog import contracts
from tests.catalog.contracts import Document, column, options, rule


def table(doc: Document) -> dict[str, Any]:
    found: dict[str, Any] = doc["schema"][0]
    return found


def test_a_valid_contract_is_typed_and_goes_back_to_the_same_document(tmp_path: Path) -> None:
    contract = load_contract(contracts.write(tmp_path))
    assert contract.table("repair").key == ("repair_no",)
    assert contract.options.lateness.days == 30
    assert contract.table("repair").column("org_code").options.aliases == ("承办单位",)
    dumped = contract.model_dump(by_alias=True, mode="json", exclude_unset=True)
    assert FeedContract.model_validate(dumped) == contract
    assert set(dumped) == set(contracts.document())


def set_option(node: Callable[[Document], dict[str, Any]], name: str, value: Any) -> Callable[[Document], None]:
    def change(doc: Document) -> None:
        target = node(doc)
        kept = [pair for pair in target["customProperties"] if pair["property"] != name]
        target["customProperties"] = [*kept, {"property": name, "value": value}]

    return change


def root(doc: Document) -> Document:
    return doc


FAULTS: list[tuple[str, Callable[[Document], object], str, str]] = [
    ("unknown key", lambda d: d.update(verison="1"), "verison", "did you mean `version`?"),
    (
        "unknown key in a column",
        lambda d: table(d)["properties"][0].update(clasification="L1"),
        "schema[repair].properties[repair_no].clasification",
        "did you mean `classification`?",
    ),
    (
        "unknown option",
        set_option(lambda d: table(d)["properties"][0], "alias", ["x"]),
        "schema[repair].properties[repair_no].customProperties[alias].value",
        "did you mean `aliases`?",
    ),
    (
        "unknown key of a transport",
        set_option(root, "transport", {"kind": "folder", "path": "x", "pth": 1}),
        "customProperties[transport].value.pth",
        "did you mean `path`?",
    ),
    ("missing key", lambda d: d.pop("domain"), "domain", "Add `domain:` here"),
    ("missing option", lambda d: d["customProperties"].pop(0), "customProperties.title", "property: title"),
    (
        "missing level",
        lambda d: table(d)["properties"][0].pop("classification"),
        "schema[repair].properties[repair_no].classification",
        "Add `classification:` here",
    ),
    (
        "title without English",
        set_option(table, "title", {"zh": "修"}),
        "schema[repair].customProperties[title].value.en",
        "Add `en:` here",
    ),
    (
        "wrong level",
        lambda d: table(d)["properties"][0].update(classification="L9"),
        "schema[repair].properties[repair_no].classification",
        "given: 'L9'",
    ),
    ("options written out", lambda d: d.update(options={}), "", "customProperties"),
    (
        "a pair without a value",
        lambda d: d["customProperties"].append({"property": "title"}),
        "customProperties[title].value",
        "Add `value:` here",
    ),
    (
        "version_at names nothing",
        set_option(table, "version_at", "reportd_at"),
        "schema[repair].customProperties[version_at].value",
        "did you mean `reported_at`?",
    ),
    (
        "upsert without version_at",
        lambda d: table(d)["customProperties"].remove(options(table(d))["version_at"]),
        "schema[repair].customProperties[delivery].value",
        "version_at",
    ),
    (
        "upsert without key",
        lambda d: [c.pop("primaryKey", 0) and c.pop("primaryKeyPosition") for c in table(d)["properties"]],
        "schema[repair].customProperties[delivery].value",
        "primaryKey: true",
    ),
    (
        "key positions",
        lambda d: table(d)["properties"][3].update(primaryKey=True, primaryKeyPosition=3),
        "schema[repair].properties",
        "Number the key columns 1 to 2",
    ),
    (
        "column twice",
        lambda d: table(d)["properties"].append(column("repair_no")),
        "schema[repair].properties[repair_no].name",
        "Remove or rename",
    ),
    (
        "header twice",
        lambda d: table(d)["properties"].append(column("org_name", physicalName="承办单位")),
        "schema[repair].properties[org_name]",
        "Give each header to one column",
    ),
    (
        "bad column name",
        lambda d: table(d)["properties"].append(column("Org Name")),
        "schema[repair].properties[Org Name].name",
        "physicalName",
    ),
    (
        "type does not fit",
        lambda d: table(d)["properties"][2].update(physicalType="DATE"),
        "schema[repair].properties[cost_yuan].physicalType",
        "DOUBLE",
    ),
    (
        "no type",
        lambda d: table(d)["properties"][2].update(physicalType="MONEY("),
        "schema[repair].properties[cost_yuan].physicalType",
        "DECIMAL(18,2)",
    ),
    (
        "formats on text",
        set_option(lambda d: table(d)["properties"][0], "formats", ["%Y"]),
        "schema[repair].properties[repair_no].customProperties[formats].value",
        "Remove formats",
    ),
    (
        "unknown format",
        set_option(lambda d: table(d)["properties"][1], "formats", ["excel_date"]),
        "schema[repair].properties[reported_at].customProperties[formats].value",
        "did you mean `excel_serial`?",
    ),
    (
        "personal and open",
        set_option(lambda d: table(d)["properties"][0], "personal", True),
        "schema[repair].properties[repair_no].classification",
        "Raise the level",
    ),
    (
        "limits crossed",
        lambda d: table(d)["properties"][2].update(logicalTypeOptions={"minimum": 2, "maximum": 1}),
        "schema[repair].properties[cost_yuan].logicalTypeOptions",
        "Swap",
    ),
    (
        "rule twice",
        lambda d: table(d)["quality"].append(rule("L1", "cost_yuan < 0")),
        "schema[repair].quality[L1].name",
        "unique",
    ),
    (
        "rule name taken",
        lambda d: table(d)["quality"].append(rule("T1", "cost_yuan < 0")),
        "schema[repair].quality[T1].name",
        "unique",
    ),
    (
        "rule names no column",
        lambda d: table(d)["quality"].append(rule("L4", "cost_yuan < 0", columns=["cost"])),
        "schema[repair].quality[L4].customProperties[columns].value",
        "did you mean `cost_yuan`?",
    ),
    (
        "rule reads no column",
        lambda d: table(d)["quality"].append(rule("L4", "cost < 0")),
        "schema[repair].quality[L4].implementation",
        "did you mean `cost_yuan`?",
    ),
    (
        "rule is no SQL",
        lambda d: table(d)["quality"].append(rule("L4", "cost_yuan <")),
        "schema[repair].quality[L4].implementation",
        "one condition",
    ),
    (
        "rule is a query",
        lambda d: table(d)["quality"].append(rule("L4", "1 FROM vocab.code")),
        "schema[repair].quality[L4].implementation",
        "one condition",
    ),
    (
        "rule reads a file",
        lambda d: table(d)["quality"].append(rule("L4", "1 IN (SELECT 1 FROM read_csv('x'))")),
        "schema[repair].quality[L4].implementation",
        "vocab.<table>",
    ),
    (
        "rule reads another schema",
        lambda d: table(d)["quality"].append(rule("L4", "1 IN (SELECT 1 FROM ops.batch)")),
        "schema[repair].quality[L4].implementation",
        "vocab.<table>",
    ),
    (
        "rule reads no vocabulary",
        lambda d: table(d)["quality"].append(rule("L4", "1 IN (SELECT 1 FROM vocab.codes)")),
        "schema[repair].quality[L4].implementation",
        "did you mean `code`?",
    ),
    (
        "row rule aggregates",
        lambda d: table(d)["quality"].append(rule("L4", "max(cost_yuan) < 0")),
        "schema[repair].quality[L4].implementation",
        "aggregate: true",
    ),
    (
        "aggregate rule does not",
        lambda d: table(d)["quality"].append(rule("L4", "1 < 0", "block", aggregate=True)),
        "schema[repair].quality[L4].implementation",
        "Aggregate over the batch",
    ),
    (
        "aggregate rule warns",
        lambda d: table(d)["quality"].append(rule("L4", "count(*) < 9", "warn", aggregate=True)),
        "schema[repair].quality[L4].severity",
        "block",
    ),
    (
        "absence without snapshot",
        set_option(table, "deletes", "absence"),
        "schema[repair].customProperties[deletes].value",
        "snapshot",
    ),
    (
        "flag without condition",
        set_option(table, "deletes", "flag"),
        "schema[repair].customProperties[deletes].value",
        "Give both",
    ),
    (
        "keys without a database",
        set_option(table, "deletes", "key_snapshot"),
        "schema[repair].customProperties[deletes].value",
        "Use absence",
    ),
    (
        "source of another transport",
        set_option(
            table,
            "variants",
            [{"source": {"kind": "sql", "table": "t", "updated_at": "u"}, "format": {"kind": "ndjson"}}],
        ),
        "schema[repair].customProperties[variants].value[0].source.kind",
        "Write kind: folder",
    ),
    (
        "pattern without a date",
        set_option(table, "variants", [{"source": {"kind": "folder", "pattern": "x"}, "format": {"kind": "csv"}}]),
        "schema[repair].customProperties[variants].value[0].source.pattern",
        "fixed_date",
    ),
]


@pytest.mark.parametrize(("change", "key", "mend"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_is_named_with_file_line_key_and_mend(
    tmp_path: Path, change: Callable[[Document], object], key: str, mend: str
) -> None:
    path = contracts.write(tmp_path, change)
    with pytest.raises(CatalogError) as caught:
        load_contract(path)
    assert [problem.key for problem in caught.value.problems] == [key]
    assert caught.value.file == path
    assert caught.value.line is not None
    assert mend in str(caught.value)


def test_the_line_is_the_one_the_key_stands_on(tmp_path: Path) -> None:
    path = contracts.write(tmp_path, lambda d: table(d)["properties"][2].update(classification="L9"))
    with pytest.raises(CatalogError) as caught:
        load_contract(path)
    assert caught.value.line is not None
    assert "L9" in path.read_text("utf-8").splitlines()[caught.value.line - 1]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    def change(doc: Document) -> None:
        doc["verison"] = "1"
        table(doc)["properties"][0]["classification"] = "L9"

    with pytest.raises(CatalogError) as caught:
        load_contract(contracts.write(tmp_path, change))
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (b"a: 1\na: 2\n", 2, "duplicate"),
        (b"a: [1\nb: 2\n", 2, "expected"),
        (b"a: \xff\n", None, "UTF-8"),
        (b"- 1\n", None, "not a mapping"),
        (b"", None, "not a mapping"),
    ],
)
def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path, text: bytes, line: int | None, words: str) -> None:
    path = tmp_path / "lamps.odcs.yaml"
    path.write_bytes(text)
    with pytest.raises(CatalogError, match=words) as caught:
        load_contract(path)
    assert caught.value.line == line


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="does not exist"):
        load_contract(tmp_path / "none.odcs.yaml")
