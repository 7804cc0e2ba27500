"""Enforcement items, time limits, working hours, publicity rules and parameters of the city."""

from __future__ import annotations

from collections.abc import Iterator

from departments.vocabulary.codes import grid_paths
from departments.vocabulary.locations import PARAMETERS as PLACE_PARAMETERS
from departments.vocabulary.places import SINCE, Row
from departments.vocabulary.signs import sign_parameters
from departments.vocabulary.supervision import supervision_parameters

ASPECTS = {
    "市容环境卫生": ("垃圾投放", "公厕设施", "临街建筑外立面", "占道堆放"),
    "园林绿化": ("树木移植", "绿地占用", "古树保护", "绿化养护"),
    "市政公用": ("道路挖掘", "井盖养护", "路灯设施", "桥梁检测"),
    "城乡规划": ("建设工程", "临时建筑", "规划公示", "用途变更"),
    "环境保护": ("餐饮油烟", "噪声排放", "扬尘防治", "露天焚烧"),
    "无照经营": ("流动摊点", "店外经营", "夜间市场", "废品收购"),
    "施工管理": ("渣土运输", "施工围挡", "夜间施工", "工地出入口"),
    "停车管理": ("停车场备案", "泊位占用", "停车收费", "共享单车投放"),
    "燃气管理": ("燃气设施保护", "瓶装燃气经营", "用气安全检查", "燃气工程"),
    "供热管理": ("供热温度", "供热设施", "停热通知", "热计量"),
    "水务管理": ("排水许可", "河道保护", "节约用水", "二次供水"),
    "户外广告": ("广告设置", "牌匾标识", "电子显示屏", "小广告清理"),
}
ACTS = (
    "未按规定办理手续",
    "逾期未整改",
    "损毁设施",
    "擅自变更",
    "拒绝接受检查",
    "未履行管理责任",
    "提供虚假材料",
    "未公示信息",
)
MEASURES = ("责令改正", "先行登记保存", "查封场所设施", "扣押物品")
ITEMS = 371
REPEALED_EVERY = 31  # every 31st item was repealed at the end of 2025
REVISED_EVERY = 53  # every 53rd item has been in its second version since the middle of 2022
FIRST_VERSION_UNTIL, SECOND_VERSION_SINCE = "2022-06-30", "2022-07-01"
HOTLINE_HOURS = {"critical": 2, "urgent": 24, "general": 168, "complex": 360}

EVALUATION_PARAMETERS = (
    ("grid.close_minutes", 480, "Working minutes after its deadline in which a case must be closed"),
    ("repeat.days", 30, "Longest gap between an end and the next report of the same matter"),
    ("repeat.metres", 50, "Farthest two events of the same matter lie apart"),
    ("repeat.false_closure_hours", 72, "A request made anew within these hours was not truly finished"),
    ("three_high.window_days", 7, "Days looked at for what is frequent; a week shows what a month of deliveries tells"),
    ("three_high.baseline_days", 21, "Days before, against which they are held"),
    ("three_high.told_in_part", 0.5, "Days before the first delivery with a smaller share of its pace are left out"),
    ("three_high.least_cases", 5, "Fewer cases are never flagged"),
    ("three_high.least_baseline", 0.25, "An expectation below this is taken as this"),
    ("three_high.false_discovery", 0.01, "Share of false flags accepted (Benjamini-Hochberg)"),
    ("three_high.z", 2.58, "Standard deviations beyond which a place or a form is flagged"),
    ("three_high.near_metres", 1000, "Grid cells whose centres are nearer are neighbours"),
    ("integrity.batch_cases", 50, "More cases closed within one minute are looked at"),
    ("integrity.spot_cases", 5, "So many cases reported from one and the same spot are looked at"),
    ("integrity.spot_minutes", 10, "within so many minutes"),
    ("integrity.handling_minutes", 2, "A case handled sooner after its dispatch is looked at"),
    ("integrity.life_minutes", 15, "A case closed sooner after its report was done before it was entered"),
    ("data_score.weight.quality", 0.4, "Weight of rows delivered sound"),
    ("data_score.weight.timeliness", 0.3, "Weight of deliveries in time"),
    ("data_score.weight.publicity", 0.3, "Weight of decisions published in time"),
    ("data_score.publicity_days", 7, "Working days in which a decision is published"),
    ("return.days", 30, "Days for which a case that has ended goes back to its street"),
)


def item_codes() -> list[str]:
    """Codes of the 371 items in order; the two digits after A are the aspect."""
    return [f"A{number % len(ASPECTS) + 1:02}{number // len(ASPECTS) + 1:03}" for number in range(ITEMS)]


def item_rows() -> Iterator[Row]:
    """Rows of enforcement_item.csv; fines in yuan. A revised item has a row for each version."""
    aspects = list(ASPECTS)
    for number, code in enumerate(item_codes()):
        aspect, turn = aspects[number % len(ASPECTS)], number // len(ASPECTS)
        name = f"{ASPECTS[aspect][turn % 4]}{ACTS[turn // 4 % 8]}"
        act = f"《云州市{aspect}管理条例》第"
        law = f"{act}{turn + 1}条", f"{act}{turn + 41}条", MEASURES[number % len(MEASURES)]
        low = (200, 500, 1000, 2000, 5000)[number % 5]
        high = low * (10, 20, 5)[number % 3]
        versions = [(low, high, SINCE, "2025-12-31" if number % REPEALED_EVERY == 0 else None)]
        if number % REVISED_EVERY == 7:
            versions = [
                (low // 2, high // 2, SINCE, FIRST_VERSION_UNTIL),
                (low, high, SECOND_VERSION_SINCE, None),
            ]
        for version, (least, most, since, until) in enumerate(versions, start=1):
            known = code, version, f"{number % len(ASPECTS) + 1:02}", aspect, name
            yield (*known, *law, f"{least}.00", f"{most}.00", since, until)


def limit_rows() -> Iterator[Row]:
    """Rows of time_limit.csv; class HOTLINE by urgency, grid classes by code."""
    for urgency, hours in HOTLINE_HOURS.items():
        yield "HOTLINE", urgency, hours, "hour", SINCE, None
    for number, (code, *_) in enumerate(grid_paths()):
        if code.startswith("E04"):
            value, unit = (2, 4)[number % 2], "hour"
        elif number % 3 == 0:
            value, unit = (4, 8)[number % 2], "work_hour"
        else:
            value, unit = (1, 2, 3, 5)[number % 4], "work_day"
        yield code, "general", value, unit, SINCE, None


def window_rows() -> Iterator[Row]:
    """Rows of work_window.csv."""
    yield 1, "08:30:00", "12:00:00"
    yield 2, "13:30:00", "18:00:00"


def publicity_rows() -> Iterator[Row]:
    """Rows of publicity_rule.csv: the rules before and from 1 April 2026, in months."""
    before, after = "2022 rules (modelled after)", "Rules in force from 2026-04-01 (modelled after)"
    for severity, low, high in (("minor", 3, 12), ("general", 3, 36), ("serious", 12, 36)):
        yield severity, low, high, "2022-01-01", "2026-03-31", before
    for severity, low, high in (("minor", 0, 3), ("general", 3, 12), ("serious", 12, 36)):
        yield severity, low, high, "2026-04-01", None, after


def parameter_rows() -> Iterator[Row]:
    """Rows of parameter.csv."""
    choice = "Choice of the demonstration city"
    values = {
        "hotline.weight.response": 0.2, "hotline.weight.resolved": 0.4, "hotline.weight.satisfied": 0.4,
        "hotline.contact_limit_hours": 24, "hotline.contact_limit_hours_urgent": 2, "hotline.partly_resolved": 0,
        "hotline.basically_satisfied": 1, "risk.grade.b": 20, "risk.grade.c": 50, "risk.grade.d": 80,
        "risk.severity.minor": 10, "risk.severity.general": 25, "risk.severity.serious": 60, "risk.complaint": 2,
        "risk.decay_days": 365, "risk.model": 1,
    }  # fmt: skip
    for name, value in values.items():
        yield name, value, SINCE, None, choice
    yield (
        "calendar.provisional_from",
        20270101,
        SINCE,
        None,
        "From this day (yyyymmdd) the calendar knows weekends only",
    )
    for name, value, meaning in (
        ("disclosure.k", 5, "Open microdata: rows alike in all quasi-identifiers"),
        ("disclosure.l", 2, "Open microdata: different sensitive values among them"),
        *EVALUATION_PARAMETERS,
        *PLACE_PARAMETERS,
    ):
        yield name, value, SINCE, None, f"{meaning} (choice of the demonstration city)"
    yield from supervision_parameters()
    yield from sign_parameters()
