"""The columns that every landed row carries besides those of its contract."""

from __future__ import annotations

from typing import NamedTuple

from catalog.contract.options import Title


class LoadedColumn(NamedTuple):
    """One such column with its DuckDB type; the order is that of the lake table."""

    name: str
    type: str
    title: Title
    description: str


def _column(name: str, kind: str, zh: str, en: str, description: str) -> LoadedColumn:
    return LoadedColumn(name, kind, Title(zh=zh, en=en), description)


LOADED_COLUMNS = (
    _column("_feed", "VARCHAR", "来源", "Feed", "Feed that brought the row."),
    _column("_batch_id", "VARCHAR", "批次号", "Batch", "Batch that brought the row."),
    _column("_business_date", "DATE", "业务日期", "Business date", "Business date of the batch."),
    _column("_object_id", "VARCHAR", "落地文件标识", "Landed object", "SHA-256 of the landed bytes."),
    _column("_file_name", "VARCHAR", "文件名", "File name", "Name under which the bytes arrived."),
    _column("_line", "BIGINT", "行号", "Record number", "Record in the file, from 1; 0 for a derived deletion."),
    _column("_row_hash", "VARCHAR", "行摘要", "Row hash", "MD5 of the business columns."),
    _column("_op", "VARCHAR", "操作", "Operation", "`upsert` or `delete`."),
    _column("_flags", "VARCHAR[]", "告警规则", "Warnings", "Ids of the warn rules the row broke."),
    _column("_load_id", "BIGINT", "装载序号", "Load number", "Monotonic number of the load that accepted the row."),
    _column("_landed_at", "TIMESTAMP", "落地时间", "Landed at", "When the bytes were received."),
    _column("_contract_version", "VARCHAR", "契约版本", "Contract version", "Version of the contract it was read by."),
)
