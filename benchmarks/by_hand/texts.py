"""Deliveries in formats DuckDB does not read, gathered by table as texts under the names of today's layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from benchmarks.by_hand.files import BrokenFileError, delimited, document, workbook

# Files DuckDB does not read: encoding and delimiter of text by table, and the columns every table needs.
TEXT = {
    "case": ("gb18030", ","), "extension": ("gb18030", "\t"), "rework": ("gb18030", ","), "overtime": ("gb18030", "\t"),
    "entity": ("gb18030", ","), "repair": ("utf-8", ","), "record": ("utf-8-sig", ","),
}  # fmt: skip
PENALTY_ENCODING = {2: "utf-8-sig", 3: "gb18030"}
OLD_NAMES = {
    "案卷号": "任务号", "大类": "大类名称", "小类": "小类名称", "阶段": "当前阶段名称", "采集员": "监督员",
    "X": "X坐标", "Y": "Y坐标", "网格编码": "单元网格", "CF_XZJGDM": "CF_CFJGDM", "CF_XZJG": "CF_CFJG",
    "CF_XDR": "CF_XDR_MC", "CF_XDR_SHXYDM": "CF_XDR_SHXYM", "CF_XDR_SFZ": "CF_XDR_ZJHM",
    "CF_FR": "CF_FRDB", "CF_CFMC": "CF_WFXW",
    "CF_CFLB1": "CF_CFLB", "CF_JG": "CF_NR", "DFBM": "CF_SJLY",
}  # fmt: skip
REQUIRED = {
    "case": {"任务号", "上报时间", "大类名称", "小类名称", "问题类型", "当前阶段名称", "更新时间"},
    "penalty": {"CF_WSH", "CF_CFJGDM", "CF_CFJG", "CF_XDR_MC", "CF_CFLB", "CF_JDRQ", "SJC"},
}
PENALTY_COLUMNS = {
    "CF_XDR_LB", "CF_XDR_SHXYM", "CF_XDR_ZJLX", "CF_XDR_ZJHM", "CF_FRDB", "CF_WFXW", "CF_SY", "CF_YJ", "CF_CFLB2",
    "CF_NR", "CF_NR_FK", "CF_NR_WFFF", "CF_NR_ZKDX", "CF_YXQ", "CF_GSJZQ", "CF_SXCD", "CF_AYDM", "CF_AJH", "CF_SJLY",
    "CF_ZT", "BZ", "CF_JDRQ",
}  # fmt: skip


def register_texts(con: duckdb.DuckDBPyConnection, pieces: list[tuple[Any, ...]], feed: str) -> None:
    """Register `<table>_text` for the tables of a feed whose files DuckDB does not read; broken batches are held."""
    tables: dict[str, list[pa.Table]] = {}
    for piece, of, table, _, variant, path, name, _, batch in pieces:
        if of != feed or (table not in TEXT and table != "penalty"):
            continue
        try:
            rows = _rows(table, variant, Path(path), name)
            missing = REQUIRED.get(table, set()) - set(rows.schema.names)
            if missing:
                raise BrokenFileError(f"B3: lacks {missing}")
        except BrokenFileError as error:
            con.execute("insert into held values (?, ?, ?)", [feed, batch, str(error)])
            continue
        tables.setdefault(table, []).append(rows.append_column("piece", pa.array([piece] * len(rows), pa.int64())))
    for table, parts in tables.items():
        names = ["error", *sorted(PENALTY_COLUMNS if table == "penalty" else [])]
        wanted = pa.schema([(name, pa.string()) for name in names])
        con.register(f"{table}_text", pa.concat_tables([wanted.empty_table(), *parts], promote_options="default"))


def _rows(table: str, variant: int, path: Path, name: str) -> pa.Table:
    if name.endswith(".xlsx"):
        rows = workbook(path)
    elif name.endswith(".xml"):
        rows = document(path)
    else:
        encoding, delimiter = TEXT.get(table) or (PENALTY_ENCODING[variant], ",")
        rows = delimited(path, encoding, delimiter)
    return rows.rename_columns([OLD_NAMES.get(column, column) for column in rows.schema.names])
