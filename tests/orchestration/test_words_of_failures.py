"""What stops a city is said with its own files and keys: of models that fail, of interfaces, of levels."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from dbt_common.exceptions import CompilationError

from catalog.city import City, load_city
from catalog.errors import CatalogError
from catalog.manifest import DbtManifest, DbtModel
from catalog.rule import Lines
from orchestration.transform.assemble import authored_file
from orchestration.transform.interfaces import PROJECT_DIR, STAGING_DIR, load_interfaces
from orchestration.transform.messages import readable

CHICAGO = Path(__file__).resolve().parents[2] / "examples" / "chicago"
INTERFACES = STAGING_DIR / "interfaces"
PERMIT = "models/staging/permits/stg_permits__permit"
MISMATCH = """This model has an enforced contract that failed.

| column_name | definition_type | contract_type | mismatch_reason       |
| doc_name    |                 | VARCHAR       | missing in definition |
"""


@pytest.fixture(scope="module")
def chicago() -> City:
    return load_city(CHICAGO)


def called(text: str, *nodes: tuple[str, str, str]) -> str:
    """What dbt says of an error found in the first node, called by the others, the last of which is the model."""
    error = CompilationError(text)
    for kind, name, file in nodes:
        error.add_node(SimpleNamespace(resource_type=kind, name=name, original_file_path=file))
    return str(error)


def test_a_broken_contract_is_told_without_the_macros_of_dbt(chicago: City) -> None:
    said = called(
        MISMATCH,
        ("macro", "assert_columns_equivalent", "macros/relations/column/columns_spec_ddl.sql"),
        ("macro", "duckdb__create_view_as", "macros/adapters.sql"),
        ("model", "stg_permits__permit", f"{PERMIT}.sql"),
    )
    assert "> called by macro duckdb__create_view_as" in said
    told = readable(said, chicago)
    assert "missing in definition" in told
    assert "> " not in told
    assert f"({CHICAGO / 'staging' / 'permits' / 'stg_permits__permit.sql'})" in told
    assert told.endswith(f"The contract is stg_permits__permit in {INTERFACES / 'permits.yml'}")


def test_a_macro_of_this_project_is_named(chicago: City) -> None:
    told = readable(
        called(
            "no such scheme",
            ("macro", "crosswalk", "macros/staging.sql"),
            ("macro", "statement", "macros/etc/statement.sql"),
            ("model", "stg_permits__permit", f"{PERMIT}.sql"),
        ),
        chicago,
    )
    assert "> in macro crosswalk (macros/staging.sql)" in told
    assert "statement" not in told


@pytest.mark.parametrize(
    ("copy", "file"),
    [
        (f"{PERMIT}.sql", CHICAGO / "staging" / "permits" / "stg_permits__permit.sql"),
        (f"{PERMIT}.yml", CHICAGO / "staging" / "permits" / "stg_permits__permit.yml"),
        ("models/staging/grid/stg_grid__case.yml", CHICAGO / "staging" / "grid" / "stg_grid__case.sql"),
        ("models/staging/hotline/stg_hotline__visit.yml", INTERFACES / "hotline.yml"),
        ("models/base/base_code.yml", PROJECT_DIR / "models" / "base" / "base_code.yml"),
        ("models/sources.yml", None),
    ],
)
def test_where_a_copy_was_written(chicago: City, copy: str, file: Path | None) -> None:
    assert authored_file(chicago)(copy) == file


def test_a_column_declared_beside_staging_sql_is_found_in_its_line(chicago: City) -> None:
    node = {
        "unique_id": "model.civiclake.stg_permits__permit",
        "resource_type": "model",
        "name": "stg_permits__permit",
        "schema": "staging",
        "patch_path": f"civiclake://{PERMIT}.yml",
        "original_file_path": f"{PERMIT}.sql",
        "package_name": "civiclake",
        "columns": {},
        "config": {},
        "depends_on": {"nodes": []},
    }
    manifest = DbtManifest.parse({"nodes": {node["unique_id"]: node}}, Path("target"), authored_file(chicago))
    (model,) = manifest.models.values()
    assert isinstance(model, DbtModel)
    (name, line) = next(
        (text.strip(" :"), number)
        for number, text in enumerate(model.file.read_text(encoding="utf-8").splitlines(), start=1)
        if text.startswith("  ") and text.strip().endswith(":")
    )
    problem = Lines().problem(model, name, "text", "mend")
    assert (problem.file, problem.line) == (CHICAGO / "staging" / "permits" / "stg_permits__permit.yml", line)


@pytest.mark.parametrize(
    ("old", "new", "key", "text"),
    [
        ("title: {zh: 热线工单版本, en: Hotline ticket versions}\n    grain", "grain", "title", "required"),
        ("level: L2, title: {zh: 工单编号", "level: L9, title: {zh: 工单编号", "level", "L1"),
        ("    key: [ticket_no, sub_no]", "    keys: [ticket_no, sub_no]", "key", "required"),
    ],
    ids=["title left out", "level that is none", "key mistyped"],
)
def test_a_fault_of_an_interface_names_its_key(tmp_path: Path, old: str, new: str, key: str, text: str) -> None:
    folder = shutil.copytree(STAGING_DIR, tmp_path / "staging")
    path = folder / "interfaces" / "hotline.yml"
    authored = path.read_text(encoding="utf-8")
    assert old in authored
    path.write_text(authored.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load_interfaces(folder)
    problem = next(p for p in caught.value.problems if p.key.endswith(f".{key}"))
    assert problem.key.startswith("interfaces.stg_hotline__ticket.")
    assert text in problem.text
    assert problem.line is not None
