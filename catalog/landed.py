"""The columns that every landed row carries besides those of its contract, and of the platform's tables models read."""

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

# Of the account of every batch and table, what models read; `orchestration.lake.schema` says the rest.
ACCOUNT_COLUMNS = (
    _column("feed", "VARCHAR", "来源", "Feed", "Feed of the batch."),
    _column("table_name", "VARCHAR", "表", "Table", "Table of the feed."),
    _column("batch_id", "VARCHAR", "批次号", "Batch", "Id of the batch."),
    _column("business_date", "DATE", "业务日期", "Business date", "Day the batch is of."),
    _column("status", "VARCHAR", "状态", "Status", "`loaded`, `held`, `dismissed` …"),
    _column("rows_in", "BIGINT", "行数", "Rows", "Rows delivered."),
    _column("rows_accepted", "BIGINT", "接收行数", "Accepted", "Rows accepted."),
    _column("rows_quarantined", "BIGINT", "隔离行数", "Quarantined", "Rows rejected or put into quarantine."),
    _column("rows_duplicate", "BIGINT", "重复行数", "Repeated", "Rows delivered before."),
    _column("late_days", "INTEGER", "迟到天数", "Days late", "Days after the date at which it had been asked for."),
)

# What stewards did about alarms of vital signs; who it was and why are in the lake only.
ALARM_ACTION_COLUMNS = (
    _column("alarm_id", "VARCHAR", "预警编号", "Alarm", "Alarm of a vital sign (sign:area:day)."),
    _column("action_code", "VARCHAR", "处置动作", "Action", "`ack`, `effective` or `false`."),
    _column("acted_at", "TIMESTAMP", "处置时间", "Acted at", "When, in the zone of the city."),
    _column("case_no", "VARCHAR", "关联案卷", "Grid case", "The case it was passed on as; NULL when it was not."),
)
