"""The weekly drop of city management: seven tables as GB18030 text, each with what changed since the drop before."""

from __future__ import annotations

import duckdb

from departments.credit import penalties
from departments.defects import Defects
from departments.enforcement import cases, inspections, rounds_of_duty
from departments.home import Home, Setup
from departments.rounds import Table, create_rounds, stage

ROUNDS = "enforcement_round"
EVERY_DAYS = 7
TABLES = (
    Table("enforcement_case", "执法案卷", cases.HEADINGS, "case_no"),
    Table("inspection_plan", "检查计划", inspections.PLAN_HEADINGS, "plan_no"),
    Table("inspection_pool", "抽取名录", inspections.POOL_HEADINGS, "plan_no, member_kind, member_code"),
    Table("inspection_result", "检查结果", inspections.RESULT_HEADINGS, "plan_no, object_code"),
    Table("check_record", "执法核录", rounds_of_duty.CHECK_HEADINGS, "record_no"),
    Table("keypoint", "重点点位", rounds_of_duty.KEYPOINT_HEADINGS, "entry_no"),
    Table("frontage_duty", "门前三包", rounds_of_duty.FRONTAGE_HEADINGS, "agreement_no"),
)


def generate(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, defects: Defects) -> None:
    """Stages every drop and adds its defects to the answer key."""
    create_rounds(con, setup, ROUNDS, EVERY_DAYS)
    penalties.ensure_penalties(con, setup, defects)
    cases.create_cases(con, setup, defects)
    inspections.create_inspections(con, setup, defects)
    rounds_of_duty.create_checks(con, setup, defects)
    rounds_of_duty.create_keypoints(con, setup, defects)
    rounds_of_duty.create_frontages(con, setup, defects)
    for table in TABLES:
        stage(con, home, "enforcement", table, ROUNDS)
