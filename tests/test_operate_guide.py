"""The guide for operators names every setting and every place of a workspace, and none that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from catalog.workspace import Workspace
from gateway.settings import PREFIX, GatewaySettings

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
# Told by a run to dbt within it.
NOT_FOR_OPERATORS = {"CIVICLAKE_AS_OF", "CIVICLAKE_LAID_OUT"}


def rows(first: str) -> dict[str, str]:
    """Second column by first one, of the rows of tables whose first cell begins so."""
    return dict(re.findall(rf"^\| (`{first}.*?) \| (.*) \|$", GUIDE, re.MULTILINE))


def test_every_setting_of_the_gateway_is_told_in_its_own_words() -> None:
    told = {name.strip("`"): words for name, words in rows(PREFIX).items()}
    fields = GatewaySettings.model_fields
    assert told == {f"{PREFIX}{name.upper()}": field.description for name, field in fields.items()}


def test_every_other_variable_is_told() -> None:
    code = [file for folder in ("catalog", "orchestration", "expectations") for file in (ROOT / folder).rglob("*.py")]
    used = {name for file in code for name in re.findall(r"CIVICLAKE_[A-Z_]+[A-Z]", file.read_text(encoding="utf-8"))}
    told = {name.strip("`") for name in rows("CIVICLAKE_") if not name.startswith(f"`{PREFIX}")}
    assert told == {name for name in used if not name.startswith(PREFIX)} - NOT_FOR_OPERATORS


def test_every_place_of_a_workspace_is_told() -> None:
    home = Path("home")
    places = [getattr(Workspace(home), name) for name, kind in vars(Workspace).items() if isinstance(kind, property)]
    first = {place.relative_to(home).parts[0] for place in places}
    told = {name.rstrip("/") for cell in rows("[a-z]") for name in re.findall(r"`([a-z.]+/?)`", cell)}
    assert told == first
