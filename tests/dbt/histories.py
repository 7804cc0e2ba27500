"""Random histories of all feeds: versions that arrive late, out of order, move between months, are deleted."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

FIRST = datetime(2025, 11, 1)
ORGS = ("市政府", "云州市12345热线服务中心")
CLASSES = (("市容环境", "环境卫生", "暴露垃圾"), ("市政设施", "道路桥梁", "路面破损"))
USCC = ("91990000MA0TE5T163", "92990000MA0TE5T24T", "52990000500000015F")
Loads = dict[int, dict[str, list[dict[str, Any]]]]


class History:
    """Versions of a few things of every kind, dealt out at random to `loads` loads."""

    def __init__(self, seed: int, loads: int) -> None:
        self.random = random.Random(seed)
        self.loads = loads
        self.dealt: Loads = defaultdict(lambda: defaultdict(list))

    def build(self) -> Loads:
        """All loads, each with its rows by landed table."""
        for number in range(12):
            ticket = f"26010100000{number:04d}"
            for _ in range(self.random.randint(1, 4)):
                self._deal("hotline_ticket", self._ticket(ticket))
            for visit in range(self.random.randint(0, 3)):
                for _ in range(self.random.randint(1, 2)):
                    self._deal("hotline_visit", self._visit(ticket, visit + 1))
        for number in range(10):
            self._case(f"2026000000{number:04d}")
        for number in range(6):
            self._decision(number)
        self._movers()
        return self.dealt

    def _movers(self) -> None:
        """A ticket, its visit and a case that move from January to June 2024, where nothing else is; then an older
        version arrives and changes nothing."""
        ticket = {**self._ticket("240100000000001"), "undertake_org": ORGS[0], "ticket_type": "投诉"}
        ticket |= {"excluded_reason": None, "urgency": "一般"}
        for load, month, version in ((1, 1, 2), (2, 6, 3), (3, 3, 1)):
            day, updated = datetime(2024, month, 10), {"updated_at": datetime(2024, 12, version)}
            self._deal("hotline_ticket", {**ticket, **updated, "accept_time": day, "dispatch_time": day}, load)
            visit = {**self._visit("240100000000001", 1), "visit_time": day}
            self._deal("hotline_visit", {**visit, **updated}, load)
            case = {"case_no": "20240000000001", "handle_org": ORGS[0], "stage": "任务处理", "report_at": day}
            self._deal("grid_case", {**case, **updated, "deadline_at": day + timedelta(days=2)}, load)

    def _deal(self, table: str, row: Mapping[str, Any], load: int | None = None) -> None:
        load = load or self.random.randint(1, self.loads)
        late = self.random.choice((0, 0, 0, 5, 40))
        day = date(2026, 1, 1) + timedelta(days=20 * load - late)
        landed = datetime(2026, 1, 1) + timedelta(days=20 * load)
        serial = len(self.dealt[load][table]) + 1
        # An object per row: the line then says nothing of the order, as when several files make up a batch.
        self.dealt[load][table].append(
            {
                **row,
                "_business_date": day,
                "_landed_at": landed,
                "_batch_id": f"{table}-{load:03d}-{day:%Y%m%d}",
                "_object_id": f"{table}-{load:03d}-{serial:04d}",
                "_file_name": f"{table}-{serial:04d}.csv",
                "_line": 1,
                "_row_hash": f"{load:016d}{serial:016d}",
            }
        )

    def _time(self, days: int = 150) -> datetime:
        return FIRST + timedelta(minutes=self.random.randint(0, days * 1440))

    def _ticket(self, ticket: str) -> dict[str, Any]:
        pick = self.random.choice
        accepted = self._time()
        l1, l2, l3 = pick(CLASSES)
        contacted = accepted + timedelta(hours=self.random.randint(1, 60))
        return {
            "ticket_no": ticket,
            "channel": "电话",
            "ticket_type": pick(("投诉", "求助", "咨询")),
            "class_l1": l1,
            "class_l2": l2,
            "class_l3": l3,
            "content": "电话13800138000，身份证990000200001010012",
            "caller_phone": "13800138000",
            "accept_time": accepted,
            "dispatch_time": accepted + timedelta(minutes=30),
            "first_contact_time": pick((None, contacted)),
            "undertake_org": pick(ORGS),
            "district": "云阳区",
            "street": "东平街道",
            "urgency": pick(("一般", "紧急")),
            "status": "处理中",
            "reopen_count": pick((0, 1)),
            "excluded_reason": pick((None, None, None, "测试工单")),
            "updated_at": self._time(),
        }

    def _visit(self, ticket: str, number: int) -> dict[str, Any]:
        pick = self.random.choice
        reached = pick((True, True, False))
        return {
            "ticket_no": ticket,
            "visit_no": number,
            "visit_time": self._time(),
            "method": "电话",
            "is_reached": reached,
            "resolved": pick(("已解决", "部分解决", "未解决")) if reached else None,
            "satisfied": pick(("满意", "基本满意", "不满意")) if reached else None,
            "updated_at": self._time(),
        }

    def _case(self, case: str) -> None:
        pick = self.random.choice
        for _ in range(self.random.randint(1, 4)):
            reported = self._time()
            handled = reported + timedelta(hours=self.random.randint(3, 400))
            self._deal(
                "grid_case",
                {
                    "case_no": case,
                    "case_kind": "事件",
                    "class_major": "市容环境",
                    "class_minor": "暴露垃圾",
                    "source_channel": "监督员上报",
                    "report_at": reported,
                    "file_at": reported + timedelta(hours=1),
                    "dispatch_at": reported + timedelta(hours=2),
                    "handle_at": pick((None, handled)),
                    "close_at": pick((None, handled + timedelta(hours=20))),
                    "photo_hash": pick((None, "a1", "b2")),
                    "deadline_at": reported + timedelta(hours=self.random.randint(24, 300)),
                    "stage": pick(("任务处理", "任务处理[作废]")),
                    "handle_org": pick(ORGS),
                    "ext_count": 0,
                    "rework_count": pick((0, 1)),
                    "updated_at": self._time(),
                },
            )
        for number in range(self.random.randint(0, 2)):
            applied = self._time()
            self._deal(
                "grid_extension",
                {
                    "case_no": case,
                    "ext_no": number + 1,
                    "applied_at": applied,
                    "approved_by": pick((None, "审批科")),
                    "new_deadline_at": applied + timedelta(days=self.random.randint(1, 40)),
                    "asked": pick((None, "延期", "挂账", "回退")),
                    "hung_to": pick((None, applied + timedelta(days=self.random.randint(1, 9)))),
                },
            )

    def _decision(self, number: int) -> None:
        pick = self.random.choice
        uscc = USCC[number % 3]
        key = {"doc_no": f"云综执罚〔2025〕{number}号", "authority_code": "YZ-CGJ"}
        for _ in range(self.random.randint(1, 3)):
            self._deal(
                "penalty",
                {
                    **key,
                    "authority_name": "城管",
                    "party_name": "某某有限公司",
                    "party_type": "法人及非法人组织",
                    "party_uscc": uscc,
                    "category": pick(("警告", "罚款", "吊销许可证件")),
                    "fine_wan": pick((None, "0.05", "1.2", "150")),
                    "decided_on": self._time().date(),
                    "published_at": self._time(),
                },
            )
        for serial in range(self.random.randint(0, 2)):
            self._deal(
                "credit_repair",
                {
                    **key,
                    "repair_id": f"R{number}-{serial}",
                    "applied_on": self._time().date(),
                    "decision": pick(("准予修复", "不予修复", None)),
                    "effect_at": self._time(),
                    "updated_at": self._time(),
                },
            )
        for _ in range(self.random.randint(1, 3)):
            self._deal("permit", self._permit(number))
            entity = {"uscc": uscc, "entity_name": pick(("甲公司", "乙公司")), "status": pick(("存续", "吊销"))}
            self._deal("legal_entity", {**entity, "updated_at": self._time()})
            record = {"record_id": f"C{number}", "subject_key": uscc, "info_kind": "失信", "state": "有效"}
            severity = pick(("一般", "严重"))
            self._deal("credit_record", {**record, "severity": severity, "determined_on": self._time().date()})

    def _permit(self, number: int) -> dict[str, Any]:
        key = {"doc_no": f"云审批[2025]{number}号", "authority_code": "YZ-CGJ"}
        if self.random.random() < 0.25:
            return {**key, "_op": "delete"}
        row = {**key, "party_type": "法人", "permit_type": "普通", "state": "有效"}
        return {**row, "decided_on": self._time().date(), "updated_at": self._time()}
