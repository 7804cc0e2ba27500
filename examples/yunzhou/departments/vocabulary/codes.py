"""Code sets and the names under which the departments deliver them."""

# ruff: noqa: E501  -- word lists; a Chinese character counts as two columns

from __future__ import annotations

from collections.abc import Iterator

from departments.vocabulary.classes import COMPONENTS, EVENT_SYNONYMS, EVENTS, HOTLINE, INDUSTRIES, split
from departments.vocabulary.locations import SCHEMES as LOCATIONS
from departments.vocabulary.places import SINCE, Row
from departments.vocabulary.signs import SCHEMES as SIGNS
from departments.vocabulary.supervision import SCHEMES as SUPERVISION

# scheme: code: (Chinese name, English name, further names under which it is delivered…)
SCHEMES: dict[str, dict[str, tuple[str, ...]]] = {
    "hotline_channel": {
        "phone": ("电话", "Telephone", "12345来电"), "web": ("网站", "Website", "网络"), "app": ("APP", "App", "手机客户端"),
        "wechat": ("微信", "WeChat", "微信小程序"), "mail": ("信件", "Letter"),
    },
    "hotline_type": {
        "consultation": ("咨询", "Consultation"), "help": ("求助", "Request for help"), "complaint": ("投诉", "Complaint"),
        "report": ("举报", "Report"), "suggestion": ("建议", "Suggestion"), "praise": ("表扬", "Praise"),
    },
    "hotline_status": {
        "pending": ("待派单", "Waiting for dispatch"), "dispatched": ("已派单", "Dispatched"),
        "processing": ("处理中", "In progress"), "finished": ("已办结", "Finished"), "archived": ("已归档", "Archived"),
        "returned": ("退单", "Sent back"), "reopened": ("重开", "Re-opened"),
    },
    "hotline_excluded_reason": {
        "test": ("测试工单", "Test ticket"), "duplicate": ("重复诉求", "Same matter in progress"),
        "scope": ("超出职权范围", "Out of scope"), "channel": ("应走法定渠道", "Statutory channel"),
        "vague": ("无具体诉求", "No concrete request"),
    },
    "urgency": {
        "critical": ("特急", "Critical"), "urgent": ("紧急", "Urgent"), "general": ("一般", "General"),
        "complex": ("复杂", "Complex"),
    },
    "visit_method": {"phone": ("电话", "Telephone"), "sms": ("短信", "Text message"), "web": ("网络", "Online")},
    "visit_resolved": {
        "resolved": ("已解决", "Resolved"), "partly": ("部分解决", "Partly resolved"), "unresolved": ("未解决", "Not resolved"),
    },
    "visit_satisfied": {
        "satisfied": ("满意", "Satisfied"), "basically": ("基本满意", "Basically satisfied"),
        "dissatisfied": ("不满意", "Dissatisfied"),
    },
    "grid_source": {
        "inspector": ("监督员上报", "Inspector", "采集员"), "hotline": ("热线12345", "Hotline", "热线12319"),
        "media": ("媒体网络", "Media"), "order": ("上级批件", "Superior's order"), "ai": ("智能识别", "Recognition"),
        "other": ("其他问题上报", "Other"),
    },
    "grid_stage": {
        "1": ("信息收集", "Collected"), "2": ("案卷建立", "Filed"), "3": ("任务派遣", "Dispatched"), "4": ("任务处理", "Handling"),
        "5": ("处理反馈", "Fed back"), "6": ("核查结案", "Verified and closed", "核实结案"), "7": ("综合评价", "Evaluated"),
    },
    "party_type": {
        "legal": ("法人及非法人组织", "Legal entity", "法人"), "self_employed": ("个体工商户", "Self-employed"),
        "natural": ("自然人", "Natural person", "公民"),
    },
    "permit_type": {
        "ordinary": ("普通", "Ordinary", "普通许可"), "franchise": ("特许", "Franchise"), "recognition": ("认可", "Recognition"),
        "verification": ("核准", "Verification"), "registration": ("登记", "Registration"), "other": ("其他", "Other"),
    },
    "permit_state": {
        "valid": ("有效", "Valid", "正常"), "changed": ("变更", "Changed"), "revoked": ("撤销", "Revoked"),
        "cancelled": ("注销", "Cancelled"),
    },
    "penalty_category": {
        "warning": ("警告", "Warning"), "criticism": ("通报批评", "Public criticism"), "fine": ("罚款", "Fine"),
        "confiscate_income": ("没收违法所得", "Confiscation of illegal gains"),
        "confiscate_goods": ("没收非法财物", "Confiscation of illegal goods"),
        "restrict_business": ("限制开展生产经营活动", "Restriction of business"),
        "suspend_business": ("责令停产停业", "Suspension of business"), "close": ("责令关闭", "Closure"),
        "restrict_employment": ("限制从业", "Restriction of employment"), "suspend_licence": ("暂扣许可证件", "Suspension of licence"),
        "downgrade": ("降低资质等级", "Downgrading", "降低资质"), "revoke_licence": ("吊销许可证件", "Revocation of licence"),
        "detention": ("行政拘留", "Detention"), "other": ("其他", "Other"),
    },
    "penalty_state": {"valid": ("正常", "Valid"), "corrected": ("更正", "Corrected"), "revoked": ("撤销", "Revoked")},
    "entity_status": {
        "active": ("存续", "Active", "在营", "开业"), "revoked": ("吊销", "Licence revoked"), "cancelled": ("注销", "Cancelled"),
        "moved": ("迁出", "Moved away"),
    },
    "entity_type": {
        "llc": ("有限责任公司", "Limited company"), "joint_stock": ("股份有限公司", "Joint-stock company"),
        "self_employed": ("个体工商户", "Self-employed"), "cooperative": ("农民专业合作社", "Farmers' cooperative"),
        "sole": ("个人独资企业", "Sole proprietorship"), "partnership": ("合伙企业", "Partnership"),
    },
    "credit_severity": {"minor": ("轻微", "Minor"), "general": ("一般", "General"), "serious": ("严重", "Serious")},
    "credit_state": {
        "active": ("有效", "Active"), "repaired": ("已修复", "Repaired"), "withdrawn": ("已撤销", "Withdrawn"),
    },
    "info_kind": {
        "basic": ("基础", "Basic"), "trustworthy": ("守信", "Trustworthy"), "dishonest": ("失信", "Dishonest"),
    },
    "resident_type": {"registered": ("户籍", "Registered here"), "floating": ("流动", "Registered elsewhere")},
    "repair_decision": {"granted": ("准予修复", "Granted"), "refused": ("不予修复", "Refused")},
}  # fmt: skip


def _schemes() -> dict[str, dict[str, tuple[str, ...]]]:
    return SCHEMES | SUPERVISION | SIGNS | LOCATIONS


def hotline_paths() -> Iterator[tuple[str, str, str, str | None]]:
    """Code, path of names joined by /, English name and parent code of every hotline class, parents first."""
    for first, (one, seconds) in enumerate(HOTLINE.items(), start=1):
        code = f"H{first:02}"
        yield code, split(one)[0], split(one)[1], None
        for second, (two, thirds) in enumerate(seconds.items(), start=1):
            path = f"{split(one)[0]}/{split(two)[0]}"
            yield f"{code}{second:02}", path, split(two)[1], code
            for third, three in enumerate(thirds, start=1):
                yield f"{code}{second:02}{third:02}", f"{path}/{split(three)[0]}", split(three)[1], f"{code}{second:02}"


def grid_paths() -> Iterator[tuple[str, str, str, str]]:
    """Code, path kind/major/minor, English name and parent code of every minor grid class."""
    for kind, letter, classes in (("部件", "C", COMPONENTS), ("事件", "E", EVENTS)):
        for number, (major, minors) in enumerate(classes.items(), start=1):
            for place, minor in enumerate(minors, start=1):
                path = f"{kind}/{split(major)[0]}/{split(minor)[0]}"
                yield f"{letter}{number:02}{place:02}", path, split(minor)[1], f"{letter}{number:02}"


def code_rows() -> Iterator[Row]:
    """Rows of code.csv."""
    for scheme, codes in _schemes().items():
        for code, (name, english, *_) in codes.items():
            yield scheme, code, name, english, None, SINCE, None
    for code, path, english, parent in hotline_paths():
        yield "hotline_class", code, path.rpartition("/")[2], english, parent, SINCE, None
    for letter, classes in (("C", COMPONENTS), ("E", EVENTS)):
        for number, major in enumerate(classes, start=1):
            yield "grid_class", f"{letter}{number:02}", *split(major), None, SINCE, None
    for code, path, english, parent in grid_paths():
        yield "grid_class", code, path.rpartition("/")[2], english, parent, SINCE, None
    for code, name in INDUSTRIES.items():
        yield "industry", code, name, None, None, SINCE, None


def crosswalk_rows() -> Iterator[Row]:
    """Rows of code_crosswalk.csv: every delivered name, former names included."""
    for scheme, codes in _schemes().items():
        for code, (name, _, *others) in codes.items():
            for delivered in (name, *others):
                yield scheme, delivered, code
    for code, path, _, _ in hotline_paths():
        yield "hotline_class", path, code
    for code, path, _, _ in grid_paths():
        yield "grid_class", path, code
        if code in EVENT_SYNONYMS:
            yield "grid_class", f"{path.rpartition('/')[0]}/{EVENT_SYNONYMS[code]}", code
