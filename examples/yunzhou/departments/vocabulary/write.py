"""Writes the vocabulary CSV files of the city."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from departments.vocabulary import (
    calendar,
    codes,
    evaluation,
    locations,
    objects,
    organisations,
    places,
    rules,
    signs,
    sources,
    supervision,
)

ITEM_COLUMNS = "aspect_code,aspect,name,violated_articles,penalty_articles,measures"
SIGN_LIMITS = "direction,target,blue,yellow,orange,red,min_coverage,up_n,down_m"
SIGN_DUTY = "owner_org,plan_ref,valid_from,valid_to"
NODE_LIMITS = "floor_value,target_value,valid_from,valid_to"
TABLES = {
    "division": ("code,name,level,parent_code,valid_from,valid_to", places.division_rows),
    "grid_cell": (
        "grid_code,community_code,duty_org_code,area_m2,lon,lat,radius_m,valid_from,valid_to",
        places.grid_rows,
    ),
    "division_change": ("old_code,new_code,kind,changed_on,source", locations.change_rows),
    "object_kind": ("kind_code,gbcp_code,class_code,space_type_code,name,name_en", objects.kind_rows),
    "object_change": ("scheme,old_code,new_code,kind,changed_on,source", objects.change_rows),
    "address_alias": ("kind,alias,standard_name,valid_from,valid_to", locations.alias_rows),
    "organisation": (
        "org_code,uscc,name,name_en,org_level,parent_code,division_code,valid_from,valid_to",
        organisations.organisation_rows,
    ),
    "organisation_alias": ("alias,org_code", organisations.alias_rows),
    "code": ("scheme,code,name,name_en,parent_code,valid_from,valid_to", codes.code_rows),
    "code_crosswalk": ("scheme,source_value,code", codes.crosswalk_rows),
    "enforcement_item": (
        f"item_code,version,{ITEM_COLUMNS},min_fine_yuan,max_fine_yuan,valid_from,valid_to",
        rules.item_rows,
    ),
    "discretion_tier": (
        "item_code,version,tier,circumstance,min_fine_yuan,max_fine_yuan,valid_from,valid_to",
        lambda: supervision.tier_rows(rules.item_rows()),
    ),
    "permit_item": (
        "item_code,name,licence_name,permit_type,org_code,legal_days,promised_days,valid_from,valid_to",
        supervision.permit_item_rows,
    ),
    "ledger": (
        "ledger_no,name,key_ledger,key_name,key_name_en,served_by,valid_from,valid_to",
        supervision.ledger_rows,
    ),
    "time_limit": ("class_code,severity,limit_value,limit_unit,valid_from,valid_to", rules.limit_rows),
    "work_window": ("seq,start_time,end_time", rules.window_rows),
    "publicity_rule": ("severity,min_months,max_months,valid_from,valid_to,source", rules.publicity_rows),
    "metric": (
        "metric_ref,fact_code,classes,reckoning,scale,window_days,baseline_days,heard_fact,heard_scope",
        signs.metric_rows,
    ),
    "vital_sign": (
        f"sign_code,dim_code,name,name_en,metric_ref,unit,area_level,frequency,{SIGN_LIMITS},{SIGN_DUTY}",
        signs.sign_rows,
    ),
    "sensor_metric": (
        "metric_code,name,name_en,unit,low,high,limit_low,limit_high,night_limit_high,other_unit,other_factor",
        signs.sensor_metric_rows,
    ),
    "evaluation_node": (
        f"tree_code,version,dimension,node_code,parent_code,name,name_en,weight,metric_ref,{NODE_LIMITS}",
        evaluation.node_rows,
    ),
    "parameter": ("name,value,valid_from,valid_to,source", rules.parameter_rows),
    "source_of_truth": ("element,source,rank,valid_from,valid_to,basis", sources.source_rows),
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
