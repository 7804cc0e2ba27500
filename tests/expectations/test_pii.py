"""Personal data in open text: planted samples are found, what only looks like them is not, exemptions are known."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from catalog.manifest import DbtModel, ModelColumn
from expectations.checks import NoRowWhere
from expectations.pii import Detection, Exemption, found_in, load_detection, pii_suite

PLANTED = [
    ("mobile", "请回电13812345678谢谢"),
    ("mobile", "电话 138-1234-5678"),
    ("mobile", "电话１３８１２３４５６７８"),
    ("mobile", "+8613812345678"),
    ("landline", "值班电话021-62345678。"),
    ("landline", "(0571)87654321"),
    ("id_number", "身份证：990000200001010012"),
    ("id_number", "99000020000101001x"),
    ("plate", "车牌京A·D1234挂违停"),
    ("plate", "沪AD12345"),
    ("email", "write to a.b+c@example.org.cn"),
    ("bank_card", "账号6222 0212 3456 7894"),
    ("bank_card", "4111111111111111"),
    ("name", "联系人：张三丰"),
    ("name", "投诉人李四，称路灯不亮"),
]
INNOCENT = [
    "云综执罚〔2026〕1号",
    "91990000MA0TE5T163",
    "914403001922038216",
    "990101001001001",
    "260301000020109",
    "138****5678",
    "联系人张*",
    "当事人王府井公司",
    "4111111111111112",
    "2026-03-01 08:00:00",
    "云州13812号楼工程有限公司",
    "金额1381234567800元",
    "P0123456789abcdef0123456789abcdef",
]


def found(text: str | None) -> set[str]:
    """Names of the detectors that find something in a text."""
    conditions = {name: found_in("text", {name: detector}) for name, detector in load_detection().detectors.items()}
    with duckdb.connect() as con:
        told = con.execute(f"SELECT {', '.join(conditions.values())} FROM (SELECT ? AS text)", [text]).fetchone()
    return {name for name, finds in zip(conditions, told or (), strict=True) if finds}


@pytest.mark.parametrize(("detector", "text"), PLANTED)
def test_planted_data_is_found(detector: str, text: str) -> None:
    assert detector in found(text)
    with duckdb.connect() as con:
        condition = found_in("text", load_detection().detectors)
        assert con.execute(f"SELECT {condition} FROM (SELECT ? AS text)", [text]).fetchone() == (True,)


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_alike_is_left_alone(text: str) -> None:
    assert found(text) == set()


def model(opening: str, **columns: str) -> DbtModel:
    """A dataset of columns given by type; those whose name begins with `masked` have a mask, with `secret` level L3."""
    meta = {
        name: {"title": {"zh": "列", "en": "Column"}, "level": "L3" if name.startswith("secret") else "L1"}
        | ({"mask": "name"} if name.startswith("masked") else {})
        for name in columns
    }
    dataset = {"id": "tickets", "sharing": "none", "opening": opening, "key": ["note"], "update_frequency": "daily"}
    return DbtModel(
        "model.x.open_ticket", "open_ticket", "open", Path("x.yml"), "One row per ticket.",
        {name: ModelColumn(name, kind, "", meta[name], False) for name, kind in columns.items()},
        {"dataset": dataset}, (), "table", True, None,
    )  # fmt: skip


def test_every_open_text_is_looked_at() -> None:
    columns = {"note": "varchar", "name": "VARCHAR", "count": "bigint", "flags": "varchar[]", "secret": "varchar",
               "masked": "varchar"}  # fmt: skip
    specs = pii_suite(model("unconditional", **columns))
    assert [spec.rule for spec in specs] == ["personal_data:note", "personal_data:name"]
    assert {spec.severity for spec in specs} == {"block"}
    assert pii_suite(model("none", **columns)) == []


def test_an_exemption_leaves_out_what_it_names() -> None:
    detectors = load_detection().detectors
    waived = Exemption(dataset="tickets", column="note", detectors=("name",), reason="names of organisations")
    [spec] = pii_suite(model("conditional", note="varchar"), Detection(detectors=detectors, exemptions=(waived,)))
    assert isinstance(spec.assertion, NoRowWhere)
    assert detectors["name"].pattern not in spec.assertion.condition
    everything = Exemption(dataset="tickets", column="*", detectors=("*",), reason="a code list")
    nothing = Detection(detectors=detectors, exemptions=(everything,))
    assert pii_suite(model("conditional", note="varchar"), nothing) == []
