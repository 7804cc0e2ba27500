"""Two registers make one: built day by day or at once, a legal entity, its history and its corrections are the same."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.city import load_city
from tests.city.systems import CITY
from tests.dbt.landed import Lake
from tests.dbt.test_incremental import differences

AS_OF = date(2026, 3, 10)
MODELS = ["base_division", "base_legal_entity_history", "base_legal_entity", "base_correction"]
STAGED = ["stg_register__entity", "stg_credit__entity"]
USCC = ("91990000MA0TE5T163", "92990000MA0TE5T24T", "52990000500000015F")
LOADS = 4


def histories(seed: int) -> dict[int, dict[str, list[dict[str, Any]]]]:
    """Versions of three entities in two registers, dealt out of order to a few loads."""
    chance, dealt = random.Random(seed), defaultdict[int, dict[str, list[dict[str, Any]]]](lambda: defaultdict(list))
    for table in ("register_entity", "legal_entity"):
        for uscc in USCC:
            for serial in range(chance.randint(2, 5)):
                at = datetime(2025, 12, 1) + timedelta(hours=chance.randint(0, 80) * 24)
                row = {
                    "uscc": uscc,
                    "entity_name": chance.choice(("甲（云州）公司", "甲 (云州)公司", "乙公司")),
                    "status": chance.choice(("存续", "吊销")),
                    "reg_address": chance.choice(("东路1号", "西路2号", None)),
                    "contact_phone": chance.choice(("13800138000", None)),
                    "updated_at": at,
                    "_op": "delete" if chance.random() < 0.1 else "upsert",
                    "_row_hash": f"{serial:032d}",
                }
                dealt[chance.randint(1, LOADS)][table].append(
                    row | ({"entity_id": uscc} if table == "register_entity" else {})
                )
    return dealt


@pytest.mark.slow(seconds=25)
def test_incremental_builds_equal_a_full_one(tmp_path: Path) -> None:
    loads = histories(seed=3)
    lake = Lake(tmp_path, load_city(CITY))
    for load in range(1, LOADS + 1):
        lake.land(load, loads[load])
        lake.run(AS_OF, select=[*STAGED, *MODELS], full_refresh=load == 1)
    daily = lake.library()
    lake.run(AS_OF, select=MODELS, full_refresh=True)
    at_once = lake.library()
    assert {table for table, rows in daily.items() if rows} == {f"base.{name}" for name in MODELS[1:]}
    assert differences(daily, at_once) == {}
    assert len(lake.rows("SELECT DISTINCT is_open FROM lake.base.base_correction")) == 2
