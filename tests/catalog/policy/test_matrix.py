"""Every cell of the tier and level matrix opens what it says and nothing else; faults are named by file and line."""

from __future__ import annotations

import shutil
from itertools import product
from pathlib import Path
from typing import get_args

import pytest

from catalog.contract.options import Extent, Level
from catalog.errors import CatalogError
from catalog.policy.compile import matrix_rules
from catalog.policy.load import FOLDER, load_shared, shared_policy
from catalog.policy.model import Action, Tier

U, C, N = "unconditional", "conditional", "none"
ROWS = "read aggregate export verify sandbox"
# Tier, level → what is opened: (sharing or opening, extent, treatment, granted, actions).
Opened = set[tuple[str, str, str, bool, str]]
PUBLIC: Opened = {("opening", U, "clear", False, "read aggregate export verify")}
OPEN: Opened = {("opening", U, "clear", False, ROWS)}
GROUPS: Opened = {("opening", U, "aggregate", False, "aggregate")}
TABLE: dict[tuple[str, str], Opened] = {
    ("T0", "L1"): PUBLIC,
    ("T0", "L2"): GROUPS,
    ("T0", "L3"): set(),
    ("T0", "L4"): set(),
    ("T1", "L1"): OPEN | {("opening", C, "clear", True, ROWS)},
    ("T1", "L2"): GROUPS | {("opening", extent, "masked", True, "read aggregate export sandbox") for extent in (U, C)},
    ("T1", "L3"): {("opening", C, "aggregate", True, "aggregate")},
    ("T1", "L4"): set(),
    ("T1R", "L1"): OPEN | {("opening", C, "clear", True, ROWS)},
    ("T1R", "L2"): GROUPS | {("opening", extent, "clear", True, "sandbox") for extent in (U, C)},
    ("T1R", "L3"): {("opening", C, "clear", True, "sandbox")},
    ("T1R", "L4"): set(),
    ("T2", "L1"): OPEN | {("sharing", U, "clear", False, ROWS), ("sharing", C, "clear", True, ROWS)},
    ("T2", "L2"): {("sharing", U, "clear", False, ROWS), ("sharing", C, "masked", True, ROWS)},
    ("T2", "L3"): {("sharing", extent, "masked", True, "read aggregate export sandbox") for extent in (U, C)},
    ("T2", "L4"): set(),
    ("T3", "L1"): OPEN | {("sharing", U, "clear", False, ROWS), ("sharing", C, "clear", True, ROWS)},
    ("T3", "L2"): {("sharing", U, "clear", False, ROWS), ("sharing", C, "clear", True, ROWS)},
    ("T3", "L3"): {("sharing", extent, "clear", True, ROWS) for extent in (U, C)},
    ("T3", "L4"): {("sharing", extent, "verify", True, "read export verify") for extent in (U, C)},
    ("T4", "L1"): set(),
    ("T4", "L2"): set(),
    ("T4", "L3"): set(),
    ("T4", "L4"): set(),
}
DESCRIBED = {
    "T0": {("opening", U)},
    "T1": {("opening", U), ("opening", C)},
    "T1R": {("opening", U), ("opening", C)},
    "T2": {("opening", U), ("sharing", U), ("sharing", C)},
    "T3": {("opening", U), ("sharing", U), ("sharing", C)},
    "T4": {("any", "")},
}
RULES = tuple(matrix_rules(shared_policy().matrix))


def type_of(sharing: tuple[str, ...], opening: tuple[str, ...]) -> tuple[str, str]:
    """The one type a rule of the matrix is for."""
    if sharing:
        return "sharing", *sharing
    return ("opening", *opening) if opening else ("any", "")


def test_the_table_has_every_cell() -> None:
    assert set(TABLE) == set(product(get_args(Tier), get_args(Level)))
    assert set(DESCRIBED) == set(get_args(Tier))


@pytest.mark.parametrize(("tier", "level"), sorted(TABLE), ids="-".join)
def test_a_cell(tier: str, level: str) -> None:
    found = {
        (*type_of(rule.sharing, rule.opening), rule.treatment, rule.granted, " ".join(rule.actions))
        for rule in RULES
        if rule.tiers == (tier,) and level in rule.levels and "describe" not in rule.actions
    }
    assert found == TABLE[tier, level]


@pytest.mark.parametrize("tier", sorted(DESCRIBED))
def test_who_reads_the_catalogue(tier: str) -> None:
    rules = [rule for rule in RULES if rule.tiers == (tier,) and "describe" in rule.actions]
    assert {type_of(rule.sharing, rule.opening) for rule in rules} == DESCRIBED[tier]
    assert all(rule.actions == ("describe",) for rule in rules)


def test_ids_are_stable_and_told_apart() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert {"t0.l1.opening-unconditional", "t2.l2.sharing-unconditional", "t3.l4.sharing-conditional.granted",
            "t4.describe.any"} <= set(ids)  # fmt: skip
    assert all(rule.effect == "allow" and rule.tiers and rule.levels and rule.valid_from for rule in RULES)


def test_nothing_opens_what_is_not_shared_or_not_opened() -> None:
    assert all("none" not in (*rule.sharing, *rule.opening) for rule in RULES)
    assert get_args(Extent) == (U, C, N)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("matrix.yml", "granted: true", "grantd: true", "did you mean `granted`"),
        ("matrix.yml", "L1:\n", "L5:\n", "unknown key"),
        ("matrix.yml", "opening: [unconditional]\n        actions", "treatment: clear\n        actions", "types"),
        ("matrix.yml", "minimum_cell: 5", "minimum_cell: 1", "greater than or equal to 2"),
        ("limits.yml", "T4:", "T5:", "T5"),
        ("masks.yml", "blank:", "veil:", "veil"),
        ("purposes.yml", "audit: {zh: 审计与监督, en: Audit}", "audit: {zh: 审计与监督}", "en"),
        ("clocks.yml", "working_days: 2", "working_days: 0", "greater than or equal to 1"),
        ("pairs.yml", "gb_class: [important, core]", "gb_class: [secret]", "important"),
    ],
)
def test_a_fault_is_named_by_file_line_and_key(tmp_path: Path, file: str, old: str, new: str, words: str) -> None:
    shutil.copytree(FOLDER, tmp_path / "policy")
    path = tmp_path / "policy" / file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load_shared(tmp_path / "policy")
    assert (caught.value.file, caught.value.line) == (path, text[: text.index(old)].count("\n") + 1)
    assert words in str(caught.value)


def test_a_tier_without_limits_is_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "policy")
    path = tmp_path / "policy" / "limits.yml"
    kept = [text for text in path.read_text(encoding="utf-8").splitlines() if not text.startswith("  T4")]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    with pytest.raises(CatalogError, match="nothing is said of T4"):
        load_shared(tmp_path / "policy")


def test_every_action_is_spoken_of() -> None:
    assert {action for rule in RULES for action in rule.actions} == set(get_args(Action))
