"""Kinds of things that get a city code, and what became of things that ceased to be one of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from departments.vocabulary.places import RETIRED_CELL_UNTIL, Row, grid_rows

KINDS: tuple[Row, ...] = (
    # kind, one of GBCP, class where the thing has none of its own, kind of space where it lies in none, names
    ("agency", "G", "0101", "0", "党政机关", "Government"),
    ("dept", "G", "0102", "0", "政府部门", "Department"),
    ("street_office", "G", "0103", "0", "街道办事处（乡镇政府）", "Street or town office"),
    ("enterprise", "B", "0301", "3", "企业", "Enterprise"),
    ("self_employed", "B", "0302", "3", "个体工商户", "Self-employed"),
    ("community", "C", "0000", "2", "小区", "Residential community"),
    ("component", "P", "0000", "0", "部件", "Component"),
    ("building", "P", "9001", "2", "楼栋", "Building"),
    ("house", "P", "9002", "0", "房屋", "House"),
    ("frontage", "P", "9003", "1", "门前路段", "Frontage"),
    ("device", "P", "9004", "0", "感知设备", "Device"),
    ("market", "P", "9005", "3", "便民市场", "Market"),
    ("parking", "P", "9006", "0", "停车设施", "Car park"),
    ("grid_cell", "P", "9007", "0", "单元网格", "Grid cell"),
)


def kind_rows() -> Iterator[Row]:
    """Rows of object_kind.csv."""
    yield from KINDS


def change_rows() -> Iterator[Row]:
    """Rows of object_change.csv: of the grid cells that ended every other one went into the first cell of its
    community, the others into the first two."""
    first_day = (date.fromisoformat(RETIRED_CELL_UNTIL) + timedelta(days=1)).isoformat()
    ended = [str(row[0]) for row in grid_rows() if row[-1] == RETIRED_CELL_UNTIL]
    for number, cell in enumerate(ended):
        parts = ("001",) if number % 2 == 0 else ("001", "002")
        kind = "merged" if len(parts) == 1 else "split"
        for part in parts:
            yield "grid15", cell, cell[:12] + part, kind, first_day, "Revision of grid cells (fictional)"
