"""Reasons to withdraw a row: every one a model gives is known, and none that is told apart tells too much."""

from __future__ import annotations

import re
from pathlib import Path

from catalog.withdrawal import load_reasons, withdrawal_key

MODELS = Path(__file__).parents[2] / "dbt_project" / "models" / "withdrawal"


def test_models_give_known_reasons_that_are_not_for_stewards() -> None:
    reasons = load_reasons()
    given = {code for file in MODELS.glob("*.sql") for code in re.findall(r"'(\w+)' as reason_code", file.read_text())}
    assert given
    assert given <= {code for code, reason in reasons.items() if not reason.manual}
    assert any(reason.manual for reason in reasons.values())


def test_a_repair_is_told_like_the_end_of_a_publicity() -> None:
    reasons = load_reasons()
    assert reasons["repaired"].told == reasons["publicity_over"].told
    assert reasons["not_public"].told is None
    assert reasons["personal_data"].told is None


def test_the_key_is_what_is_left_beside_the_bookkeeping() -> None:
    columns = ("dataset_id", "doc_no", "authority_code", "reason_code", "effective_on", "basis")
    assert withdrawal_key(columns) == ("doc_no", "authority_code")
