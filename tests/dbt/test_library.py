"""One small lake, built once with every test of the models: what delivered rows become, layer by layer."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from itertools import cycle
from pathlib import Path

import pytest
from sqlglot import exp

from catalog.city import load_city
from catalog.libraries import tables_of
from catalog.manifest import DbtManifest
from catalog.policy.model import MaskKind
from catalog.rules import check_models
from gateway.policy.masks import masked
from orchestration.lake.connect import open_lake
from orchestration.transform.assemble import models_reached
from orchestration.transform.build import DbtRun
from orchestration.transform.errors import TransformError
from orchestration.transform.fingerprint import fingerprint, is_built
from tests.city.systems import CITY
from tests.dbt.hostile import NAMES, texts
from tests.dbt.landed import Lake

pytestmark = pytest.mark.slow(seconds=40)

PHONE = "13812345678"
PERSON = "990000200001010012"
USCC = "91990000MA0TE5T163"
AS_OF = date(2026, 6, 30)

TICKET = {
    "ticket_no": "260301000020109-01",
    "channel": "12345来电",
    "ticket_type": "投诉",
    "class_l1": "市容环境",
    "class_l2": "环境卫生",
    "class_l3": "暴露垃圾",
    "title": f"张三丰 {PHONE} 反映垃圾",
    "content": f"张三丰，身份证{PERSON}，\n电话{PHONE}",
    "caller_name": "张三丰",
    "caller_phone": "138-1234-5678",
    "accept_time": datetime(2026, 3, 1, 8),
    "dispatch_time": datetime(2026, 3, 1, 9),
    "undertake_org": "市政府",
    "district": "云阳区",
    "urgency": "一般",
    "status": "处理中",
    "updated_at": datetime(2026, 3, 1, 9),
}
# The vector in Baidu Mercator metres, and the same point in WGS84 degrees after Baidu's and the Chinese offset.
CASE = {
    "case_no": "20260301000001",
    "case_kind": "事件",
    "class_major": "市容环境",
    "class_minor": "暴露垃圾",
    "source_channel": "监督员上报",
    "description": f"联系人{PHONE}",
    "stage": "任务处理[作废]",
    "report_at": datetime(2026, 3, 2, 8),
    "file_at": datetime(2026, 3, 2, 9),
    "dispatch_at": datetime(2026, 3, 2, 11),
    "handle_at": datetime(2026, 3, 3, 9),
    "deadline_at": datetime(2026, 3, 4, 9),
    "handle_org": "市政府",
    "inspector": "采集员李四",
    "x": 12947453.59,
    "y": 4846467.98,
    "grid_code": "99010100100101",
    "updated_at": datetime(2026, 3, 3, 9),
}
PENALTY = {
    "doc_no": "云综执罚[2026]1号",
    "authority_code": "YZ-CGJ",
    "authority_name": "云州市市政市容管理委员会",
    "party_name": "云州某某有限公司",
    "party_type": "法人",
    "party_uscc": USCC,
    "category": "罚款；警告",
    "fine_wan": Decimal("1.25"),
    "decided_on": date(2026, 4, 10),
    "severity": "一般",
    "published_at": datetime(2026, 4, 15),
}
PERMIT = {
    "doc_no": "云审批（2026）7号",
    "authority_code": "YZ-XSJ",
    "authority_name": "行政审批局",
    "party_type": "自然人",
    "party_name": "王小明",
    "party_person_id": PERSON,
    "permit_type": "普通",
    "state": "有效",
    "decided_on": date(2026, 3, 2),
    "valid_to": date(2099, 12, 31),
    "updated_at": datetime(2026, 3, 2),
}
GATE: dict[MaskKind, str] = {"name": "stg.party_name", "free_text": "stg.content"}
HARD_TO_MASK = {"authority_code": "YZ-HARD"}
WITHDRAWN = {"doc_no": "云审批〔2026〕8号", "authority_code": "YZ-XSJ"}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("library"), load_city(CITY))
    entity = {"uscc": USCC, "updated_at": datetime(2026, 3, 1), "status": "存续", "contact_phone": PHONE}
    lake.land(
        1,
        {
            "hotline_ticket": [TICKET],
            "grid_case": [CASE, {**CASE, "case_no": "20260301000002", "stage": "任务处理"}],
            "grid_extension": [
                {
                    "case_no": "20260301000002",
                    "ext_no": 1,
                    "applied_at": datetime(2026, 3, 3),
                    "approved_by": "审批科",
                    "new_deadline_at": datetime(2026, 3, 9, 9),
                }
            ],
            "penalty": [PENALTY, {**PENALTY, "doc_no": "云综执罚〔2026〕2号"}],
            "credit_repair": [
                {
                    "repair_id": "R1",
                    "doc_no": "云综执罚﹝2026﹞2号",
                    "authority_code": "YZ-CGJ",
                    "applied_on": date(2026, 5, 1),
                    "decision": "准予修复",
                    "effect_at": datetime(2026, 6, 1),
                    "updated_at": datetime(2026, 6, 1),
                }
            ],
            "permit": [
                PERMIT,
                {**PERMIT, **WITHDRAWN, "party_type": "法人", "party_uscc": USCC, "party_name": "甲公司"},
                {**WITHDRAWN, "_op": "delete", "_business_date": date(2026, 3, 5)},
                *(
                    {**PERMIT, **HARD_TO_MASK, "doc_no": f"难〔2026〕{n}号", "party_name": name, "content": text}
                    for n, (text, name) in enumerate(zip(texts(), cycle(NAMES), strict=False))
                ),
            ],
            "legal_entity": [
                {**entity, "entity_name": "甲公司", "reg_capital": "100万人民币"},
                {**entity, "entity_name": "甲集团", "reg_capital": "50万USD", "updated_at": datetime(2026, 4, 1)},
            ],
        },
    )
    return lake


@pytest.fixture(scope="module")
def built(lake: Lake) -> DbtRun:
    return lake.run(AS_OF, command="build", unit_tests=True)


@pytest.fixture
def library(lake: Lake, built: DbtRun) -> Lake:
    return lake


def test_every_model_and_every_unit_test_is_well(built: DbtRun, lake: Lake) -> None:
    assert {node.resource_type for node in built.nodes} == {"model", "test", "unit_test"}
    asked = sum(node.resource_type == "unit_test" for node in built.nodes)
    assert asked == sum(table.unit_tests for table in tables_of().values()) > 80
    assert check_models(DbtManifest.load(lake.workspace.dbt / "target" / "manifest.json")) == []


def test_a_changed_vocabulary_makes_the_next_build_a_full_one(library: Lake) -> None:
    assert is_built(library.workspace, fingerprint(library.workspace))
    before = swap_parameters(library, "other")
    assert not is_built(library.workspace, fingerprint(library.workspace))
    # A build that ends after its first model, and the vocabulary as it was: one table is of the other already.
    assert library.run(AS_OF, select=["base_work_clock"]).full_refresh
    swap_parameters(library, before)
    assert not is_built(library.workspace, fingerprint(library.workspace))


def swap_parameters(library: Lake, content_hash: str) -> str:
    """Let the table of parameters be of other content; returns the hash of its content before."""
    where = "WHERE table_name = 'parameter'"
    with open_lake(library.workspace) as con:
        [(before,)] = con.execute(f"SELECT content_hash FROM lake.ops.vocabulary {where}").fetchall()
        con.execute(f"UPDATE lake.ops.vocabulary SET content_hash = ? {where}", [content_hash])
    return str(before)


def test_a_ticket_is_split_and_coded_and_its_caller_hidden(library: Lake) -> None:
    ticket = library.one("SELECT * FROM lake.topic.topic_hotline_ticket")
    assert (ticket["ticket_no"], ticket["sub_no"]) == ("260301000020109", "01")
    assert (ticket["class_l1_code"], ticket["class_l2_code"], ticket["class_l3_code"]) == ("H01", "H0101", "H010101")
    assert (ticket["channel_code"], ticket["undertake_org_code"], ticket["district_code"]) == ("phone", "YZ", "990101")
    assert ticket["contact_due_at"] == datetime(2026, 3, 2, 9)
    assert re.fullmatch(r"P[0-9a-f]{32}", ticket["caller_key"])


def test_a_grid_case_is_placed_dated_and_staged(library: Lake) -> None:
    case = library.one("SELECT * FROM lake.topic.topic_grid_case WHERE case_no = '20260301000002'")
    assert (case["class_code"], case["case_kind"], case["grid_code"]) == ("E0102", "event", "990101001001001")
    assert case["division_code"] == "990101001001"
    assert (case["lon"], case["lat"]) == pytest.approx((116.2951784, 40.0495603), abs=2e-7)
    assert (case["due_at"], case["ext_count"]) == (datetime(2026, 3, 9, 9), 1)
    # From Monday 11:00 to Tuesday 9:00: an hour before lunch, four and a half after, half an hour the next day.
    assert case["handle_work_minutes"] == 60 + 270 + 30
    stages = library.rows(
        "SELECT stage_seq, work_minutes FROM lake.topic.topic_grid_case_stage "
        "WHERE case_no = '20260301000002' ORDER BY stage_seq"
    )
    assert stages == [(1, 0), (2, 30), (3, 120), (4, 360), (5, None)]


def test_a_case_that_stands_alone_is_not_open(library: Lake) -> None:
    assert library.rows("SELECT count(*) FROM lake.topic.topic_grid_case WHERE NOT is_void") == [(1,)]
    assert library.rows("SELECT count(*) FROM lake.open.open_grid_case") == [(0,)]


def test_a_penalty_is_in_yuan_and_a_repair_ends_its_publicity(library: Lake) -> None:
    penalties = library.rows(
        "SELECT doc_no, fine_yuan, category_codes, publish_until, repaired_at "
        "FROM lake.topic.topic_penalty ORDER BY doc_no"
    )
    until = date(2027, 4, 10)
    assert penalties == [
        ("云综执罚〔2026〕1号", Decimal("12500.00"), "fine;warning", until, None),
        ("云综执罚〔2026〕2号", Decimal("12500.00"), "fine;warning", until, datetime(2026, 6, 1)),
    ]
    assert library.rows("SELECT doc_no FROM lake.open.open_penalty") == [("云综执罚〔2026〕1号",)]


def test_a_deleted_permit_stays_marked_and_a_person_is_not_published(library: Lake) -> None:
    permits = library.rows(
        "SELECT doc_no, party_name, is_long_term, is_deleted FROM lake.topic.topic_permit"
        " WHERE authority_code <> 'YZ-HARD' ORDER BY doc_no"
    )
    assert permits == [("云审批〔2026〕7号", "王*", True, False), ("云审批〔2026〕8号", None, False, True)]
    assert library.rows("SELECT count(*) FROM lake.open.open_permit") == [(0,)]


def test_the_models_mask_as_the_gateway_does(library: Lake) -> None:
    name, text = (masked(kind, exp.column(*reversed(column.split(".")))).sql("duckdb") for kind, column in GATE.items())
    rows = library.rows(
        f"SELECT stg.party_name, content, topic.party_name, content_masked, {name}, {text}"
        " FROM lake.topic.topic_permit AS topic JOIN lake.staging.stg_permits__permit AS stg USING (doc_no)"
        " WHERE topic.authority_code = 'YZ-HARD'"
    )
    assert len(rows) == len(texts())
    assert [row[:4] for row in rows if row[2:4] != row[4:]] == []


def test_a_legal_entity_has_one_row_now_and_a_history(library: Lake) -> None:
    now = library.rows("SELECT entity_name, reg_capital_yuan FROM lake.base.base_legal_entity")
    history = library.rows(
        "SELECT entity_name, reg_capital_yuan, valid_to, is_current "
        "FROM lake.base.base_legal_entity_history ORDER BY valid_from"
    )
    assert now == [("甲集团", None)]
    assert history == [("甲公司", Decimal("1000000.00"), datetime(2026, 4, 1), False), ("甲集团", None, None, True)]


def test_credit_risk_weighs_and_fades(library: Lake) -> None:
    risk = library.one("SELECT * FROM lake.theme.theme_credit_risk")
    assert (risk["penalties"], risk["repaired"], risk["general"]) == (2, 1, 1)
    # One general penalty of 81 days: 25 · exp(−81/365).
    assert (risk["score"], risk["grade"]) == (Decimal("20.02"), "B")


def test_no_telephone_or_identity_number_is_kept_beyond_staging(library: Lake) -> None:
    for table, rows in library.library().items():
        texts = [value for row in rows for value in row if isinstance(value, str)]
        assert [text for text in texts if PHONE in text or PERSON in text] == [], table


def test_staging_that_satisfies_no_interface_is_refused(tmp_path: Path) -> None:
    city = load_city(CITY)
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging" / "stg_hotline__tickets.sql").write_text("select 1", encoding="utf-8")
    with pytest.raises(TransformError, match="no staging interface has this name"):
        models_reached(city.model_copy(update={"root": tmp_path}))
