"""A city builds the models its deliveries reach; of others it knows at most the shape."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from catalog.city import load_city
from catalog.errors import CatalogError
from catalog.manifest import DbtManifest
from catalog.workspace import Workspace
from orchestration.transform.assemble import assemble, models_reached
from orchestration.transform.build import parse_project
from orchestration.transform.interfaces import PROJECT_DIR, load_interfaces
from orchestration.transform.reach import names_of_models, needs_of_models, reach
from orchestration.transform.specials import special_file

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
# topic ← staging; theme ← two topics and a table of vocabularies; open ← theme.
NAMED = {
    "base_code": frozenset[str](),
    "topic_lamp": frozenset({"stg_lamps__lamp", "base_code"}),
    "topic_pole": frozenset({"stg_poles__pole"}),
    "theme_light": frozenset({"topic_lamp", "topic_pole", "base_code"}),
    "open_pole": frozenset({"topic_pole"}),
}
INTERFACES = {"stg_lamps__lamp", "stg_poles__pole"}


def test_a_city_may_do_without_some_models() -> None:
    found = reach(NAMED, INTERFACES, INTERFACES, unwanted={"topic_pole"})
    assert found.built == {*NAMED, *INTERFACES} - {"topic_pole"}
    assert found.empty == {"topic_pole"}, "the others read it"


@pytest.mark.parametrize(
    ("provided", "built", "empty"),
    [
        (INTERFACES, {*NAMED, *INTERFACES}, set()),
        ({"stg_lamps__lamp"}, {"base_code", "topic_lamp", "theme_light", "stg_lamps__lamp"}, {"topic_pole"}),
        ({"stg_poles__pole"}, set(NAMED) - {"topic_lamp"} | {"stg_poles__pole"}, {"topic_lamp"}),
        (set(), {"base_code"}, set()),
    ],
    ids=["everything", "lamps", "poles", "vocabularies alone"],
)
def test_what_deliveries_reach_is_built(provided: set[str], built: set[str], empty: set[str]) -> None:
    found = reach(NAMED, INTERFACES, provided)
    assert (found.built, found.empty) == (built, empty)


def test_a_model_is_left_out_without_what_it_needs() -> None:
    needs = {"theme_light": frozenset({"stg_poles__pole"})}
    assert "theme_light" not in reach(NAMED, INTERFACES, {"stg_lamps__lamp"}, needs).built
    assert "theme_light" in reach(NAMED, INTERFACES, {"stg_poles__pole"}, needs).built
    named = names_of_models(PROJECT_DIR)
    for model, needed in needs_of_models(PROJECT_DIR).items():
        assert model in named
        assert needed <= load_interfaces().keys(), model


def test_what_models_name_is_what_dbt_says_they_depend_on(tmp_path: Path) -> None:
    """Of the demonstration city, which delivers every interface."""
    city, workspace = load_city(EXAMPLES / "yunzhou"), Workspace(tmp_path)
    assemble(city, workspace)
    manifest = DbtManifest.load(parse_project(workspace, city))
    told = {
        model.name: {name.split(".")[-1] for name in model.depends_on if name.startswith("model.")}
        for model in manifest.models.values()
        if model.name not in load_interfaces() and special_file(city.root, model.name) is None
    }
    assert names_of_models(PROJECT_DIR) == told


def test_a_city_without_a_feed_parses_and_lists_nothing_of_it(tmp_path: Path) -> None:
    """The demonstration city without its grid feed: nothing of cases is published, and what names them still parses."""
    root = shutil.copytree(EXAMPLES / "yunzhou", tmp_path / "city", ignore=shutil.ignore_patterns("departments"))
    (root / "feeds" / "grid.odcs.yaml").unlink()
    shutil.rmtree(root / "staging" / "grid")
    with (root / "city.yml").open("a", encoding="utf-8") as file:
        file.write("without: [vital_signs]\n")
    city, workspace = load_city(root), Workspace(tmp_path / "home")
    reached = models_reached(city)
    assert {"topic_hotline_ticket", "base_division"} <= reached.built
    assert not {"topic_grid_case", "open_grid_case", "theme_vital_sign_value"} & reached.built
    with pytest.raises(CatalogError, match=r"vital_sings: no model has this group[\s\S]*vital_signs"):
        models_reached(city.model_copy(update={"without": ("vital_sings",)}))
    assemble(city, workspace)
    manifest = DbtManifest.load(parse_project(workspace, city))
    models = {model.name for model in manifest.models.values()}
    assert models == reached.built | reached.empty
