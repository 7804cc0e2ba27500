"""Writes the vocabulary CSV files of the city."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from departments.vocabulary import calendar, codes, organisations, places, rules

TABLES = {
    "division": ("code,name,level,parent_code,valid_from,valid_to", places.division_rows),
    "grid_cell": (
        "grid_code,community_code,duty_org_code,area_m2,lon,lat,radius_m,valid_from,valid_to",
        places.grid_rows,
    ),
    "organisation": (
        "org_code,uscc,name,name_en,org_level,parent_code,division_code,valid_from,valid_to",
        organisations.organisation_rows,
    ),
    "organisation_alias": ("alias,org_code", organisations.alias_rows),
    "code": ("scheme,code,name,name_en,parent_code,valid_from,valid_to", codes.code_rows),
    "code_crosswalk": ("scheme,source_value,code", codes.crosswalk_rows),
    "enforcement_item": (
        "item_code,version,aspect,name,min_fine_yuan,max_fine_yuan,valid_from,valid_to",
        rules.item_rows,
    ),
    "time_limit": ("class_code,severity,limit_value,limit_unit,valid_from,valid_to", rules.limit_rows),
    "work_window": ("seq,start_time,end_time", rules.window_rows),
    "publicity_rule": ("severity,min_months,max_months,valid_from,valid_to,source", rules.publicity_rows),
    "parameter": ("name,value,valid_from,valid_to,source", rules.parameter_rows),
}


def write_vocabulary(folder: Path, *, with_calendar: bool) -> None:
    """Writes every table into `folder`; calendar.csv only on request, for it needs `chinesecalendar`."""
    for name, (header, rows) in TABLES.items():
        _write(folder / f"{name}.csv", header, rows())
    if with_calendar:
        _write(folder / "calendar.csv", "day,is_working,holiday", calendar.calendar_rows())


def _write(path: Path, header: str, rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)
