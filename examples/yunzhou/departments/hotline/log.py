"""Writes the hotline's change log month by month: one Parquet file a table and month, in the order of change."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb

from departments import answers, places
from departments.defects import Defects
from departments.home import Home, Setup
from departments.hotline import tickets, visits

TIME = "strftime({}, '%Y-%m-%d %H:%M:%S')"
TICKET_FIELDS = {
    "工单编号": "ticket_no", "主单编号": "master_no", "来电渠道": "channel", "诉求类型": "type", "一级分类": "class_l1",
    "二级分类": "class_l2", "三级分类": "class_l3", "标题": "title", "诉求内容": "content", "诉求人": "caller", "联系电话": "phone",
    "事发时间": TIME.format("event_time"), "受理时间": TIME.format("accept_time"), "派单时间": "dispatch_time",
    "签收时间": TIME.format("sign_time"), "首次联系时间": TIME.format("contact_time"), "办理时限": TIME.format("limit_at"),
    "办结时间": TIME.format("finish_time"), "归档时间": TIME.format("archive_time"), "首接单位": "first_office",
    "承办单位": "undertaker", "行政区": "district", "街道乡镇": "street", "社区村": "community", "事发地址": "address", "经度": "lon",
    "纬度": "lat", "紧急程度": "urgency", "工单状态": "status", "重开次数": "reopens", "是否重复": "repeated",
    "剔除原因": "excluded", "更新时间": TIME.format("updated_at"),
}  # fmt: skip
VISIT_FIELDS = {
    "工单编号": "ticket_no", "回访序号": "visit_no", "回访时间": TIME.format("visit_time"), "回访方式": "method",
    "是否接通": "is_reached", "解决情况": "resolved", "满意度": "satisfied", "回访意见": "comment",
    "更新时间": TIME.format("updated_at"),
}  # fmt: skip


def months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """First and last day of each month, cut to the period."""
    since = first
    while since <= last:
        until = min(last, (since.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1))
        yield since, until
        since = until + timedelta(days=1)


def generate(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, defects: Defects) -> None:
    """Writes `hotline/tickets-yyyymm.parquet` and `hotline/visits-yyyymm.parquet`: business_date, updated_at, seq, body."""
    home.hotline.mkdir(parents=True, exist_ok=True)
    ticket_rates, visit_rates = defects.rates("hotline_ticket"), defects.rates("hotline_visit")
    for since, until in months(setup.first, setup.last):
        back = max(since - timedelta(days=tickets.LOOKBACK_DAYS), setup.first - timedelta(days=setup.history_days))
        tickets.create_tickets(con, str(back), str(until))
        tickets.create_versions(con, ticket_rates, str(since), str(until), str(setup.first))
        tickets.create_rows(con)
        _write(con, home.hotline / f"tickets-{since:%Y%m%d}.parquet", "delivered", TICKET_FIELDS)
        _answer(con, "hotline_ticket", "delivered", "ticket_no")
        places.write_truth(con, home, f"address_ticket_{since:%Y%m%d}", "delivered", "ticket_no")
        back = max(since - timedelta(days=visits.LOOKBACK_DAYS), setup.first - timedelta(days=setup.history_days))
        tickets.create_tickets(con, str(back), str(until))
        tickets.create_versions(con, ticket_rates, str(setup.first), str(until), str(setup.first))
        visits.create_visits(con, visit_rates, str(since), str(until))
        _write(con, home.hotline / f"visits-{since:%Y%m%d}.parquet", "visited", VISIT_FIELDS)
        _answer(con, "hotline_visit", "visited", "concat_ws('|', ticket_no, visit_no)")


def _write(con: duckdb.DuckDBPyConnection, file: Path, table: str, fields: dict[str, str]) -> None:
    pairs = ", ".join(f"'{title}': {expression}" for title, expression in fields.items())
    con.execute(f"""
        copy (select business_date, updated_at,
                     row_number() over (partition by business_date order by updated_at, vk, copy) as seq,
                     cast(to_json({{{pairs}}}) as varchar) as body
              from {table} order by business_date, seq)
        to '{file}' (format parquet, compression zstd, row_group_size 20480)""")


def _answer(con: duckdb.DuckDBPyConnection, table: str, relation: str, key: str) -> None:
    answers.add(
        con,
        "hotline",
        table,
        f"""select {key} as row_key, date_trunc('second', updated_at) as version_at, business_date, null as file_name,
                   null as line, defect as rule_id from {relation}
            where defect is not null and copy = (case when defect in ('D1', 'DUP') then 1 else 0 end)""",
    )
