"""A model the catalog could not describe stops a run before anything is built."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from catalog.city import load_city
from catalog.errors import CatalogError
from catalog.workspace import Workspace
from orchestration.cli.init import write_city
from orchestration.definitions import build_defs
from orchestration.defs.session import Session

NODE = {
    "resource_type": "model",
    "unique_id": "model.civiclake.topic_permit",
    "name": "topic_permit",
    "schema": "topic",
    "package_name": "civiclake",
    "original_file_path": "models/topic/topic_permit.sql",
    "patch_path": "civiclake://models/topic/topic_permit.yml",
    "description": "",
    "config": {"materialized": "table", "contract": {"enforced": True}},
    "columns": {},
    "depends_on": {"nodes": []},
}


def test_models_are_checked_before_a_run_builds_them(tmp_path: Path) -> None:
    write_city(tmp_path / "town", "town", "Etc/UTC")
    manifest = tmp_path / "target" / "manifest.json"
    manifest.parent.mkdir()
    manifest.write_text(json.dumps({"nodes": {NODE["unique_id"]: NODE}}), encoding="utf-8")
    session = Session(load_city(tmp_path / "town"), Workspace(tmp_path / "home"), manifest)
    with pytest.raises(CatalogError) as caught:
        build_defs(session)
    told = str(caught.value)
    assert all(word in told for word in ("title", "grain", "level"))
    assert "dbt_project/models/topic/topic_permit.yml" in told, "the file somebody can mend, not its copy"
