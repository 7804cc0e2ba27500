"""Policy put in force by command and by server start; library models in a release; the lineage of a column drawn."""

from __future__ import annotations

import io
from pathlib import Path

import duckdb
import pytest
from rich.console import Console
from ruamel.yaml import YAML
from typer.testing import CliRunner

from catalog.city import City, load_city
from catalog.compiled import CompiledCatalog
from catalog.errors import CatalogError
from catalog.levels import flow_levels
from catalog.lineage import column_lineage
from catalog.manifest import DbtManifest
from catalog.policy.compile import compile_policy, read_policy
from catalog.workspace import Workspace
from orchestration.cli.exits import CommandError
from orchestration.cli.init import write_city
from orchestration.cli.lineage import Drawing, asked
from orchestration.cli.main import app
from orchestration.release.policy import apply_policy, renew_policy
from orchestration.release.store import ReleaseStore
from orchestration.transform.assemble import assemble
from tests.catalog.conftest import city, manifest
from tests.orchestration.test_release import CATALOG, Lake, dataset, lake, make, workspace

__all__ = ["city", "lake", "manifest", "workspace"]

RULE = """\
version: "1"
rules:
  - id: all-permits
    effect: allow
    reason: {zh: 甲, en: A}
    tiers: [T0]
    datasets: [permit_records]
    levels: [L1]
"""


@pytest.fixture
def new_city(tmp_path: Path) -> City:
    write_city(tmp_path / "newtown", "newtown", "Etc/UTC")
    return load_city(tmp_path / "newtown")


def civiclake(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})
    return result.exit_code, result.output


@pytest.mark.slow
def test_a_policy_is_shown_applied_and_refused(new_city: City, tmp_path: Path) -> None:
    where = ("--city", new_city.root, "--home", tmp_path / "home")
    policy_file = Workspace(tmp_path / "home").policy
    code, said = civiclake("policy", "apply", *where)
    assert (code, "In force" in said) == (0, True), said
    in_force = read_policy(policy_file)
    code, said = civiclake("policy", "show", *where)
    assert code == 0, said
    assert f"digest {in_force.digest}: in force" in said
    assert all(word in said for word in ("T1R", "permit_records", "conditional_reply", "sandbox opened U/C +grant"))

    (new_city.root / "policy" / "rules.yml").write_text(RULE, encoding="utf-8")
    for command in ("check", "apply"):
        code, said = civiclake("policy", command, *where)
        assert code == 3, said
        assert "rules.yml:3" in said.replace("\n", "")
        assert "unopened" in said
    assert read_policy(policy_file) == in_force, "what was in force stays"


def test_models_and_gateway_keep_to_the_same_smallest_cell(new_city: City, tmp_path: Path) -> None:
    """One number: that of all cities, or the larger one of the city's rules; the models are handed the policy's."""
    for rules, cell in (('version: "1"\n', 5), ('version: "1"\nminimum_cell: 12\n', 12)):
        (new_city.root / "policy" / "rules.yml").write_text(rules, encoding="utf-8")
        project = assemble(new_city, Workspace(tmp_path / "home")) / "dbt_project.yml"
        variables = YAML(typ="safe").load(project)["vars"]["civiclake"]
        assert (variables["minimum_cell"], compile_policy(new_city, ()).minimum_cell) == (cell, cell)


def test_a_start_renews_rules_and_never_reopens_datasets(new_city: City, tmp_path: Path) -> None:
    home = Workspace(tmp_path / "home")
    rules = new_city.root / "policy" / "rules.yml"
    empty = rules.read_text(encoding="utf-8")
    rules.write_text(RULE, encoding="utf-8")
    assert renew_policy(new_city, home) is None, "the rules speak of datasets that are still to come"
    assert not home.policy.exists(), "nothing is known, so nothing may be seen"
    rules.write_text(empty, encoding="utf-8")
    closed = dataset("permit", "none")
    apply_policy(new_city, home, [closed])
    renewed = renew_policy(new_city, home)
    assert renewed is not None
    assert [entry.opening for entry in renewed.datasets] == ["none"]
    home.policy.write_text("{}", encoding="utf-8")
    with pytest.raises(CatalogError, match="policy apply"):
        renew_policy(new_city, home)


def test_a_first_start_takes_the_datasets_of_the_release(new_city: City, workspace: Workspace, lake: Lake) -> None:
    make(workspace, lake)
    renewed = renew_policy(new_city, workspace)
    assert renewed is not None
    assert [entry.id for entry in renewed.datasets] == ["penalty", "permit"]


def test_a_library_model_is_released_without_what_was_removed(workspace: Workspace, lake: Lake) -> None:
    lake.execute(
        "CREATE TABLE lake.topic.topic_case AS SELECT *, doc_no < 'D0504' AS is_deleted FROM lake.open.open_permit"
    )
    shared = dataset("case", "none").model_copy(update={"model": "topic_case", "layer": "topic", "is_marked": True})
    catalog: CompiledCatalog = CATALOG.model_copy(update={"datasets": (shared, *CATALOG.datasets)})
    made = make(workspace, lake, catalog=catalog)
    released = made.manifest.dataset("case")
    assert (released.row_count, released.distributions) == (497, ())
    with duckdb.connect(str(ReleaseStore(workspace).path(1) / "serving.duckdb"), read_only=True) as con:
        assert con.execute("SELECT min(doc_no) FROM open.case").fetchone() == ("D0504",)


def test_a_column_is_drawn_down_to_the_feed(manifest: DbtManifest, city: City) -> None:
    edges = column_lineage(manifest, city)
    drawing = Drawing(manifest, edges, flow_levels(manifest, city, edges))
    page = io.StringIO()
    Console(file=page, width=120).print(drawing.tree(("open.open_repair_cost", "cost_yuan")))
    assert page.getvalue().splitlines() == [
        "L2 open.open_repair_cost.cost_yuan",
        "└── L2 topic.topic_repair.cost_yuan (derived)",
        "    └── L2 staging.stg_lamps__repair.cost_yuan (same)",
        "        └── L1 lamps.repair.cost_yuan (same)",
    ]


@pytest.mark.parametrize(("column", "words"), [("grid_cases.x", "no models yet"), ("nothing", "no models yet")])
def test_lineage_before_the_first_run_says_so(new_city: City, tmp_path: Path, column: str, words: str) -> None:
    code, said = civiclake("lineage", column, "--city", new_city.root, "--home", tmp_path / "home")
    assert code == 2
    assert words in said


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("nope", "no dataset or model `nope`"),
        ("nope.x", "no dataset or model `nope`"),
        ("open_repair_cost", "name a column of it too: open_repair_cost"),
        ("open_repair_cost.nope", "open_repair_cost has no column `nope`"),
    ],
)
def test_what_is_no_column_is_named_as_it_was_typed(manifest: DbtManifest, column: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        asked(manifest, column)


@pytest.mark.parametrize("words", [("list",), ("show",), ("diff", "1", "2"), ("rollback",), ("verify",)])
def test_commands_over_releases_make_no_folder(new_city: City, tmp_path: Path, words: tuple[str, ...]) -> None:
    civiclake("release", *words, "--city", new_city.root, "--home", tmp_path / "mistyped")
    assert not (tmp_path / "mistyped").exists()
