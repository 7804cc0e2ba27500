"""Supervision: discretion tiers, permit items, the ledgers of city management, their codes and parameters."""

# ruff: noqa: E501  -- word lists; a Chinese character counts as two columns

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from departments.vocabulary.places import SINCE, Row

# scheme: code: (Chinese name, English name, further names under which it is delivered…)
SCHEMES: dict[str, dict[str, tuple[str, ...]]] = {
    "discretion_tier": {
        "lenient": ("从轻", "Lenient"), "ordinary": ("一般", "Ordinary"), "severe": ("从重", "Severe"),
    },
    "enforcement_source": {
        "patrol": ("巡查发现", "Patrol"), "hotline": ("热线转办", "Hotline", "96310转办"), "inspection": ("检查发现", "Inspection"),
        "transfer": ("部门移送", "Transferred"),
    },
    "inspection_kind": {
        "random": ("双随机", "Double-random", "双随机一公开"), "special": ("专项检查", "Special"), "key": ("重点检查", "Key point"),
    },
    "inspection_result": {
        "clean": ("未发现问题", "No problem found"), "rectify": ("责令改正", "Ordered to rectify"), "filed": ("立案查处", "Case filed"),
        "absent": ("无法联系", "Could not be found"),
    },
    "check_kind": {"premises": ("场所", "Premises"), "vehicle": ("车辆", "Vehicle"), "person": ("人员", "Person")},
    "check_result": {
        "normal": ("正常", "Nothing found"), "advised": ("教育劝离", "Advised"), "transferred": ("移交", "Handed over"),
        "filed": ("立案", "Case filed"),
    },
    "keypoint_kind": {
        "vending": ("占道经营", "Street vending"), "rubbish": ("暴露垃圾", "Exposed rubbish"), "posting": ("乱贴乱画", "Fly-posting"),
        "building": ("违法建设", "Illegal building"), "fumes": ("油烟扰民", "Cooking fumes"), "waste_truck": ("渣土运输", "Waste transport"),
    },
    "keypoint_source": {
        "patrol": ("日常巡查", "Patrol"), "hotline": ("热线投诉", "Hotline"), "media": ("媒体曝光", "Media"), "order": ("上级督办", "Superior's order"),
    },
    "frontage_result": {"met": ("履约", "Met"), "broken": ("未履约", "Broken")},
    "parking_kind": {
        "public": ("路外公共", "Public car park"), "street": ("路内", "On the street"), "attached": ("配建", "Of a building"),
    },
    "market_kind": {
        "farmers": ("农贸市场", "Farmers' market"), "shop": ("社区菜店", "Vegetable shop"), "morning": ("早市", "Morning market"),
    },
    "facility_state": {"open": ("营业", "Open"), "closed": ("停用", "Closed", "停业")},
    "ledger_96310": {"96310": ("96310城管热线事件", "Events of hotline 96310", "市容环境", "市政设施", "生态环境")},
}  # fmt: skip
TIERS = {"lenient": ("0", "0.3", "情节轻微，及时改正"), "ordinary": ("0.3", "0.7", "有违法行为，未造成严重后果"),
         "severe": ("0.7", "1", "拒不改正、屡次违法或后果严重")}  # fmt: skip
LICENCES = {
    "食品经营许可证": ("SCJ", "ordinary"), "排水许可证": ("SWJ", "ordinary"), "道路运输经营许可证": ("JTJ", "ordinary"),
    "户外广告设置许可": ("CGJ", "ordinary"), "临时占道许可": ("CGJ", "ordinary"), "公共场所卫生许可证": ("WJW", "ordinary"),
    "特种设备使用登记证": ("SCJ", "registration"), "建筑垃圾处置核准": ("CGJ", "verification"),
}  # fmt: skip
STEPS = ("新办", "变更", "延续", "补证", "注销")
CASES = ("企业", "个体工商户", "事业单位", "社会组织", "农民专业合作社", "分支机构", "外商投资企业", "园区项目")
PERMIT_ITEMS = 300
# Key ledger: the table that serves it, and the ledgers of former years that went into it.
LEDGERS = {
    "penalty|行政处罚台账|Penalties|theme_ledger_penalty": (
        "一般程序处罚", "简易程序处罚", "重大处罚备案", "罚没收缴", "案卷评查", "听证", "行政复议", "行政诉讼", "暂扣物品", "强制执行", "移送案件", "案由适用",
    ),
    "check_record|执法核录台账|Check records|theme_ledger_check_record": (
        "人员核录", "车辆核录", "场所核录", "双随机抽查", "专项检查", "监管通知单", "责令改正", "联合执法", "夜查", "渣土车检查", "燃气检查", "停车场检查",
    ),
    "keypoint|重点点位管理台账|Key points|theme_ledger_keypoint": (
        "无照经营点位", "店外经营点位", "非法小广告点位", "违法建设点位", "暴露垃圾点位", "渣土遗撒点位", "露天烧烤点位", "黑车聚集点位", "环境秩序点位",
        "学校周边点位", "医院周边点位", "门前三包",
    ),
    "96310|96310事件台账|Events of 96310|theme_ledger_96310": (
        "来电登记", "诉求转办", "督办事项", "回访记录", "重复诉求", "媒体曝光", "领导批示", "网络诉求", "热点问题", "退单记录", "逾期事项", "满意度",
    ),
}  # fmt: skip
PARAMETERS = {
    "draw.rate.a": 0.01, "draw.rate.b": 0.03, "draw.rate.c": 0.10, "draw.rate.d": 0.30, "draw.inspectors": 2,
    "inspection.publish_workdays": 20, "enforcement.penalty_workdays": 7, "keypoint.relapse_days": 90,
    "keypoint.age_fresh": 7, "keypoint.age_middle": 30, "keypoint.age_old": 90, "frontage.check_days": 30,
    "community.window_days": 365, "community.repeat_days": 30,
}  # fmt: skip


def tier_rows(items: Iterator[Row]) -> Iterator[Row]:
    """Rows of discretion_tier.csv: three tiers of each version of each item, which together span its range of fines."""
    for code, version, *_, low, high, since, until in items:
        least, most = Decimal(str(low)), Decimal(str(high))
        for tier, (begin, end, circumstance) in TIERS.items():
            bottom, top = (least + (most - least) * Decimal(share) for share in (begin, end))
            yield code, version, tier, circumstance, f"{bottom:.2f}", f"{top:.2f}", since, until


def permit_item_rows() -> Iterator[Row]:
    """Rows of permit_item.csv; days are working days."""
    licences = list(LICENCES)
    for number in range(PERMIT_ITEMS):
        licence = licences[number % len(licences)]
        bureau, kind = LICENCES[licence]
        turn = number // len(licences)
        name = f"{licence}{STEPS[turn % len(STEPS)]}（{CASES[turn // len(STEPS)]}）"
        legal = (20, 15, 10, 20, 7)[turn % len(STEPS)]
        yield f"XK{number:04}", name, licence, kind, f"YZ-{bureau}", legal, max(legal // 2, 1), SINCE, None


def ledger_rows() -> Iterator[Row]:
    """Rows of ledger.csv: the 48 ledgers of former years and the key ledger each went into."""
    number = 0
    for key, former in LEDGERS.items():
        code, name, english, served_by = key.split("|")
        for title in former:
            number += 1
            yield f"T{number:02}", f"{title}台账", code, name, english, served_by, SINCE, None


def supervision_parameters() -> Iterator[Row]:
    """Rows of parameter.csv that supervision reads."""
    for name, value in PARAMETERS.items():
        yield name, value, SINCE, None, "Choice of the demonstration city"
