"""The daily report of vital signs (城市体征日报) as Markdown, from the tables of the library."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from orchestration.alarms import Alarm, Language, open_alarms

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from catalog.contract.options import Title

LEVELS = ("red", "orange", "yellow", "blue", "green", "stale")
MOST_ALARMS = 40

WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "title": "{city}城市体征日报 {day}",
        "mark": "第一至三节为一级（L1）数据；第四节为二级（L2）数据，内部使用。由不足 5 件事实得出的数值不列出。",
        "overview": "一、总体情况", "signs": "二、各项体征", "stale": "三、失效的体征", "alarms": "四、预警",
        "level": "状态", "number": "体征数", "before": "前一日", "sign": "体征", "value": "数值", "unit": "单位",
        "none": "无。", "reason": "原因", "heard": "最近到数", "alarm": "预警编号", "area": "区域", "since": "起始",
        "days": "天数", "worst": "最高级别", "status": "处置状态", "owner": "责任单位", "hidden": "不列出",
        "sums": "当日新增 {opened} 条，解除 {closed} 条，未解除 {open} 条，其中 {seen} 条已有人处置。",
        "more": "另有 {more} 条未列出。",
        "open": "待接收", "acknowledged": "已接收", "confirmed": "已研判",
        "no_source": "无数据来源", "age": "到数超期", "coverage": "覆盖不足", "no_value": "无法计算",
    },
    "en": {
        "title": "Daily report of vital signs, {city}, {day}",
        "mark": "Parts 1 to 3 are of level L1; part 4 is of level L2, for internal use. A value of fewer than five "
                "facts is not shown.",
        "overview": "1. Overview", "signs": "2. Signs", "stale": "3. Stale signs", "alarms": "4. Alarms",
        "level": "Level", "number": "Signs", "before": "Day before", "sign": "Sign", "value": "Value", "unit": "Unit",
        "none": "None.", "reason": "Reason", "heard": "Last heard", "alarm": "Alarm", "area": "Area", "since": "Since",
        "days": "Days", "worst": "Worst level", "status": "Status", "owner": "Responsible", "hidden": "not shown",
        "sums": "{opened} opened on the day, {closed} closed, {open} are open; of these {seen} have been seen to.",
        "more": "{more} more are not listed.",
        "open": "waiting", "acknowledged": "acknowledged", "confirmed": "judged",
        "no_source": "no source", "age": "not heard for too long", "coverage": "too little came",
        "no_value": "no value",
    },
}  # fmt: skip


class NoReportError(LookupError):
    """There is no report of that day; the text says of which days there is one."""


@dataclass(frozen=True)
class Sign:
    """A sign of the city on the day: `before` is its level on the day before; what is not shown is None."""

    dimension: str
    name: str
    value: Decimal | None
    unit: str | None
    level_code: str | None
    level: str | None
    before_code: str | None
    before: str | None
    stale_reason: str | None
    heard_on: date | None


def daily_report(con: DuckDBPyConnection, title: Title, day: date | None, language: Language) -> str:
    """The report of a day, by default of the last; NoReportError where there is none."""
    reported = _day(con, day)
    words, name = WORDS[language], "name_en" if language == "en" else "name"
    signs = [Sign(*row) for row in con.execute(_SIGNS.format(name=name), {"day": reported}).fetchall()]
    alarms = open_alarms(con, reported, language)
    [(opened, closed)] = con.execute(_TURNED, {"day": reported}).fetchall()
    sums = {"opened": opened, "closed": closed, "open": len(alarms)}
    seen = sum(alarm.status != "open" for alarm in alarms)
    parts = [
        f"# {words['title'].format(city=getattr(title, language), day=reported)}",
        words["mark"],
        f"## {words['overview']}",
        _overview(signs, words),
        f"## {words['signs']}",
        *_by_dimension(signs, words),
        f"## {words['stale']}",
        _stale(signs, words),
        f"## {words['alarms']}",
        words["sums"].format(**sums, seen=seen),
        *_alarms(alarms, words),
    ]
    return "\n\n".join(parts) + "\n"


def _day(con: DuckDBPyConnection, day: date | None) -> date:
    query = "SELECT count(*) FILTER (day = $day), min(day), max(day) FROM lake.open.open_vital_sign_daily"
    [(found, first, last)] = con.execute(query, {"day": day}).fetchall()
    if last is None:
        raise NoReportError("no vital sign has been evaluated yet")
    if day is not None and not found:
        raise NoReportError(f"there is no report of {day}; there are those from {first} to {last}")
    return day or last


def _overview(signs: Sequence[Sign], words: dict[str, str]) -> str:
    names = {code: name for s in signs for code, name in ((s.before_code, s.before), (s.level_code, s.level))}
    rows = [
        (names[level], sum(s.level_code == level for s in signs), sum(s.before_code == level for s in signs))
        for level in LEVELS
        if level in names
    ]
    return _table((words["level"], words["number"], words["before"]), rows)


def _by_dimension(signs: Sequence[Sign], words: dict[str, str]) -> Iterable[str]:
    head = tuple(words[word] for word in ("sign", "value", "unit", "level", "before"))
    for dimension in dict.fromkeys(sign.dimension for sign in signs):
        yield f"### {dimension}"
        yield _table(head, (
            (s.name, _number(s, words), s.unit, _bold(s, s.level or words["hidden"]), s.before)
            for s in signs if s.dimension == dimension
        ))  # fmt: skip


def _stale(signs: Sequence[Sign], words: dict[str, str]) -> str:
    rows = [(s.name, words.get(s.stale_reason or "", ""), s.heard_on) for s in signs if s.level_code == "stale"]
    return _table((words["sign"], words["reason"], words["heard"]), rows) if rows else words["none"]


def _alarms(alarms: Sequence[Alarm], words: dict[str, str]) -> Iterable[str]:
    head = ("alarm", "sign", "area", "worst", "since", "days", "status", "owner")
    if alarms:
        yield _table(tuple(words[word] for word in head), (
            (a.alarm_id, a.sign, a.area, a.level, a.opened_on, a.days_open, words[a.status], a.owner)
            for a in alarms[:MOST_ALARMS]
        ))  # fmt: skip
    if len(alarms) > MOST_ALARMS:
        yield words["more"].format(more=len(alarms) - MOST_ALARMS)


def _number(sign: Sign, words: dict[str, str]) -> str:
    if sign.value is None:
        return "" if sign.level_code == "stale" else words["hidden"]
    return format(sign.value.normalize(), "f")


def _bold(sign: Sign, text: str) -> str:
    return text if sign.level_code in ("green", None) else f"**{text}**"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")


# Signs in the order of the dimensions as the vocabulary lists them; names as they are now.
_SIGNS = """
    WITH code AS (SELECT scheme, code, coalesce({name}, name) AS label FROM lake.base.base_code WHERE is_current),
    shown AS (FROM lake.open.open_vital_sign_daily WHERE day IN ($day, $day - 1))
    SELECT coalesce(dimension.label, t.dim_code), coalesce(t.sign_{name}, t.sign_name, t.sign_code), t.value, t.unit,
           t.level_code, now.label, b.level_code, earlier.label, t.stale_reason_code, t.heard_on
    FROM shown AS t
    LEFT JOIN shown AS b ON b.sign_code = t.sign_code AND b.day = $day - 1
    LEFT JOIN code AS dimension ON dimension.scheme = 'sign_dimension' AND dimension.code = t.dim_code
    LEFT JOIN code AS now ON now.scheme = 'sign_level' AND now.code = t.level_code
    LEFT JOIN code AS earlier ON earlier.scheme = 'sign_level' AND earlier.code = b.level_code
    WHERE t.day = $day
    ORDER BY min(t.sign_code) OVER (PARTITION BY t.dim_code), t.sign_code"""
_TURNED = """
    SELECT count(*) FILTER (opened_on = $day), count(*) FILTER (closed_on = $day)
    FROM lake.theme.theme_vital_sign_alarm"""
