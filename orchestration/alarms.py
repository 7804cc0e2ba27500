"""Alarms of vital signs and what stewards do about them: seen, right or false, with who, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Language = Literal["zh", "en"]
Action = Literal["ack", "effective", "false"]
Status = Literal["open", "acknowledged", "confirmed"]


class UnknownAlarmError(LookupError):
    """There is no such alarm, or nothing is left to be done about it in this way; the text says which."""


@dataclass(frozen=True)
class Alarm:
    """An alarm that is open at the end of a day."""

    alarm_id: str
    sign: str
    area: str
    level: str
    opened_on: date
    days_open: int
    status: Status
    owner: str | None


@dataclass(frozen=True)
class Entry:
    """What was done about an alarm: a row of `ops.alarm_action`; `acted_at` is in the zone of the city."""

    alarm_id: str
    action: Action
    acted_at: datetime
    case_no: str | None
    acted_by: str
    reason: str | None


def open_alarms(con: DuckDBPyConnection, day: date, language: Language) -> Sequence[Alarm]:
    """Alarms open at the end of the day, the worst and oldest first; what stewards did since the last run counts."""
    name = "name_en" if language == "en" else "name"
    rows = con.execute(_OPEN.format(name=name, acted=_acted(con)), {"day": day}).fetchall()
    return [Alarm(*row) for row in rows]


def record(con: DuckDBPyConnection, entry: Entry) -> None:
    """Keep what was done; UnknownAlarmError for an alarm that is not there, or is acknowledged already."""
    row = con.execute(
        "SELECT acknowledged_at IS NOT NULL FROM lake.theme.theme_vital_sign_alarm WHERE alarm_id = ?", [entry.alarm_id]
    ).fetchone()
    if row is None:
        raise UnknownAlarmError(f"there is no alarm {entry.alarm_id}: `civiclake alarm list` shows those that are open")
    acted = "SELECT 1 FROM lake.ops.alarm_action WHERE alarm_id = ? AND action_code = 'ack'"
    if entry.action == "ack" and (row[0] or con.execute(acted, [entry.alarm_id]).fetchone()):
        raise UnknownAlarmError(f"{entry.alarm_id} is acknowledged already")
    con.execute(
        "INSERT INTO lake.ops.alarm_action (alarm_id, action_code, acted_at, case_no, acted_by, reason)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [entry.alarm_id, entry.action, entry.acted_at, entry.case_no, entry.acted_by, entry.reason],
    )


def _acted(con: DuckDBPyConnection) -> str:
    """The table of what was done; of a lake that no run has given one yet, nothing."""
    there = con.execute(
        "SELECT 1 FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = 'ops'"
        " AND table_name = 'alarm_action'"
    ).fetchone()
    return "lake.ops.alarm_action" if there else "(SELECT NULL::VARCHAR AS alarm_id, '' AS action_code WHERE false)"


_OPEN = """
    WITH code AS (SELECT code, coalesce({name}, name) AS label FROM lake.base.base_code
                  WHERE scheme = 'sign_level' AND is_current),
    sign AS (SELECT sign_code, arg_max(coalesce(sign_{name}, sign_name), valid_from) AS label
             FROM lake.theme.theme_vital_sign_definition GROUP BY 1),
    area AS (SELECT division_code, arg_max(division_name, valid_from) AS label FROM lake.base.base_division GROUP BY 1),
    acted AS (SELECT alarm_id, bool_or(action_code = 'ack') AS is_seen, bool_or(action_code <> 'ack') AS is_judged
              FROM {acted} GROUP BY 1)
    SELECT a.alarm_id, coalesce(sign.label, a.sign_code), coalesce(area.label, a.area_code), coalesce(code.label, ''),
           a.opened_on, date_diff('day', a.opened_on, $day),
           CASE WHEN a.confirm_code IS NOT NULL OR coalesce(acted.is_judged, false) THEN 'confirmed'
                WHEN a.acknowledged_at IS NOT NULL OR coalesce(acted.is_seen, false) THEN 'acknowledged'
                ELSE 'open' END,
           coalesce(o.org_{name}, o.org_name, a.owner_org)
    FROM lake.theme.theme_vital_sign_alarm AS a
    LEFT JOIN code ON code.code = a.worst_level_code
    LEFT JOIN sign ON sign.sign_code = a.sign_code
    LEFT JOIN area ON area.division_code = a.area_code
    LEFT JOIN acted ON acted.alarm_id = a.alarm_id
    LEFT JOIN lake.base.base_organisation AS o ON o.org_code = a.owner_org
    WHERE a.opened_on <= $day AND coalesce(a.closed_on > $day, true)
    ORDER BY list_position(['red', 'orange', 'yellow', 'blue'], a.worst_level_code), a.opened_on, a.alarm_id"""
