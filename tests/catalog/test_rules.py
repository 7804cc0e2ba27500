"""Models that break a rule are named with file, line, column and mend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from catalog.city import City
from catalog.compiler import compile_catalog
from catalog.errors import CatalogError
from catalog.manifest import DbtManifest, DbtModel
from catalog.rules import RULES, check_models
from tests.catalog.project import DATASET

Change = Callable[[DbtModel], DbtModel]


def meta(**values: Any) -> Change:
    return lambda model: replace(model, meta={**model.meta, **values})


def column(name: str, **values: Any) -> Change:
    def change(model: DbtModel) -> DbtModel:
        changed = replace(model.columns[name], **values)
        return replace(model, columns={**model.columns, name: changed})

    return change


def level(name: str, value: str) -> Change:
    return lambda model: column(name, meta={**model.columns[name].meta, "level": value})(model)


def more(name: str, **values: Any) -> Change:
    return lambda model: column(name, meta={**model.columns[name].meta, **values})(model)


def reads(*names: str) -> Change:
    return lambda model: replace(model, depends_on=names)


CUT = {"by": "coarsen", "check": "cut", "reason": "Cut"}
SHARED = DATASET | {"id": "repairs", "key": ["repair_no"], "opening": "none"}
SOURCE, STAGING = "source.lakeside.landed.lamps_repair", "model.lakeside.stg_lamps__repair"
CASES = {"model": "open_repair_cost", "by": ["org_code", "month"], "of": {"topic_repair": {"org_code": "org_code"}}}
BREACHES: list[tuple[str, str, Change, str, str]] = [
    ("ModelHasTitle", "topic_repair", meta(title={"en": "Repairs"}), "topic_repair", "zh"),
    ("ModelStatesGrain", "topic_repair", lambda m: replace(m, description="Repairs."), "topic_repair", "One row per"),
    ("ModelHasLevel", "topic_repair", meta(level="L5"), "topic_repair", "config.meta.level"),
    ("ColumnHasType", "topic_repair", column("org_code", type=None), "topic_repair.org_code", "data_type"),
    ("ColumnHasTitle", "topic_repair", column("org_code", meta={"level": "L1"}), "topic_repair.org_code", "zh"),
    ("ColumnHasDescription", "topic_repair", column("org_code", description=" "), "topic_repair.org_code",
     "Write description"),
    ("ColumnHasLevel", "topic_repair", level("org_code", ""), "topic_repair.org_code", "config.meta.level"),
    ("ColumnsAreListed", "topic_repair", lambda m: replace(m, contract_enforced=False), "topic_repair", "contract"),
    ("LayersAreNotSkipped", "base_organisation", reads(SOURCE), "base_organisation", "it reads source"),
    ("LayersAreNotSkipped", "open_repair_cost", reads(STAGING), "open_repair_cost", "base, theme, topic"),
    ("LayersAreNotSkipped", "topic_repair", lambda m: replace(m, layer="mart"), "topic_repair", "no layer `mart`"),
    ("OpenModelsAreDatasets", "open_repair_cost", lambda m: replace(m, meta={**m.meta} | {"dataset": None}),
     "open_repair_cost", "config.meta.dataset"),
    ("OpenModelsAreDatasets", "topic_repair", meta(dataset=SHARED | {"opening": "unconditional"}), "topic_repair",
     "unconditional"),
    ("OpenModelsAreDatasets", "stg_lamps__repair", meta(dataset=SHARED), "stg_lamps__repair", "staging cannot"),
    ("OpenModelsAreDatasets", "open_repair_cost", meta(dataset={**DATASET, "opening": "yes"}), "open_repair_cost",
     "opening"),
    ("DatasetOrderExists", "open_repair_cost", meta(dataset={**DATASET, "order": ["nope"]}), "open_repair_cost",
     "`nope`"),
    ("OpenKeysAreOpen", "open_repair_cost", level("org_code", "L2"), "open_repair_cost.org_code", "choose another key"),
    ("ScopeColumnsExist", "topic_repair", meta(dataset=SHARED | {"scope": {"time": "nope"}}), "topic_repair", "`nope`"),
    ("ScopeColumnsExist", "topic_repair", meta(dataset=SHARED | {"scope": {"organisations": ["_load_id"]}}),
     "topic_repair", "`_load_id`"),
    ("ScopeColumnsExist", "topic_repair", meta(dataset=SHARED | {"scope": {"divisions": {6: "org_code"}}}),
     "topic_repair", "level 6"),
    ("PairsAreLegal", "topic_repair", meta(dataset=SHARED | {"sharing": "none", "opening": "conditional"}),
     "topic_repair", "unshared-yet-opened"),
    ("PairsAreLegal", "topic_repair", meta(dataset=SHARED | {"gb_class": "important", "opening": "conditional"}),
     "topic_repair", "classified-yet-opened"),
    ("PairsAreLegal", "open_repair_cost", level("cost_yuan", "L3"), "open_repair_cost.cost_yuan",
     "sensitive-yet-opened"),
    ("SensitiveColumnsHaveMasks", "open_repair_cost", level("cost_yuan", "L3"), "open_repair_cost.cost_yuan", "blank"),
    ("ColumnMetaIsKnown", "topic_repair", more("org_code", mask="veil"), "topic_repair.org_code", "mask"),
    ("ColumnMetaIsKnown", "topic_repair", more("org_code", masks="name"), "topic_repair.org_code", "masks"),
    ("LoweringIsChecked", "topic_repair", more("org_code", deidentified=CUT), "topic_repair.org_code", "check `cut`"),
    ("QuasiIdentifiersAreGrouped", "open_repair_cost", more("org_code", quasi_identifier=True), "open_repair_cost",
     "No blocking check covers org_code"),
    ("WithdrawalsNameRows", "topic_repair", lambda m: replace(m, layer="withdrawal"), "topic_repair.dataset_id",
     "beside dataset_id"),
    ("CasesAreThere", "topic_repair", meta(cases={"model": "open_repair_cost"}), "topic_repair", "not of that form"),
    ("CasesAreThere", "topic_repair", meta(cases=CASES), "topic_repair", "open_repair_cost lacks is_counted, month"),
]  # fmt: skip


def changed(manifest: DbtManifest, name: str, change: Change) -> DbtManifest:
    models = {key: change(m) if m.name == name else m for key, m in manifest.models.items()}
    return replace(manifest, models=models)


def test_the_project_keeps_the_rules(manifest: DbtManifest) -> None:
    assert check_models(manifest) == []


@pytest.mark.parametrize(("rule", "name", "change", "key", "words"), BREACHES, ids=[b[0] for b in BREACHES])
def test_a_breach_is_told(manifest: DbtManifest, rule: str, name: str, change: Change, key: str, words: str) -> None:
    told = [problem for problem in check_models(changed(manifest, name, change)) if problem.key == key]
    doc = next(r.__doc__ or "" for r in RULES if type(r).__name__ == rule)
    assert any(problem.text.startswith(doc.rstrip(".")) and words in str(problem) for problem in told)
    assert all(problem.file.name == "models.yml" for problem in told)


def test_every_rule_has_a_breach_here() -> None:
    assert {type(rule).__name__ for rule in RULES} - {b[0] for b in BREACHES} == {
        "DatasetIdsAreUnique",
        "ResourceCodesAreUnique",
    }


def test_a_dataset_id_is_taken_once(manifest: DbtManifest) -> None:
    model = manifest.model("open_repair_cost")
    twin = replace(model, unique_id="model.lakeside.open_twin", name="open_twin")
    doubled = replace(manifest, models={**manifest.models, twin.unique_id: twin})
    assert [p.key for p in check_models(doubled)] == ["open_twin"]


def test_a_resource_code_is_taken_once(manifest: DbtManifest) -> None:
    coded = changed(manifest, "open_repair_cost", meta(dataset=DATASET | {"resource_code": "201001/1"}))
    again = changed(coded, "topic_repair", meta(dataset=SHARED | {"resource_code": "201001/1"}))
    assert check_models(coded) == []
    assert [(p.key, "already the code of open_repair_cost" in str(p)) for p in check_models(again)] == [
        ("topic_repair", True)
    ]


def test_the_line_is_that_of_the_column(manifest: DbtManifest) -> None:
    (problem,) = check_models(changed(manifest, "base_organisation", column("org_name", type=None)))
    lines = problem.file.read_text(encoding="utf-8").splitlines()
    assert problem.line is not None
    assert '"name": "org_name"' in "\n".join(lines[problem.line - 1 : problem.line + 1])


def test_a_broken_project_is_not_compiled(manifest: DbtManifest, city: City) -> None:
    with pytest.raises(CatalogError, match="begins with its grain"):
        compile_catalog(city, changed(manifest, "topic_repair", lambda m: replace(m, description="x")))
