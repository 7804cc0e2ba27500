"""The dataset every server gets: tickets of a hotline, 18 columns, the same rows each time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb

TABLE = "tickets"
COLUMNS = {
    "ticket_no": "VARCHAR",
    "opened_at": "TIMESTAMP",
    "accepted_at": "TIMESTAMP",
    "closed_at": "TIMESTAMP",
    "agency": "VARCHAR",
    "agency_name": "VARCHAR",
    "type": "VARCHAR",
    "subtype": "VARCHAR",
    "text": "VARCHAR",
    "address": "VARCHAR",
    "postcode": "VARCHAR",
    "district": "VARCHAR",
    "street": "VARCHAR",
    "channel": "VARCHAR",
    "status": "VARCHAR",
    "priority": "INTEGER",
    "lon": "DOUBLE",
    "lat": "DOUBLE",
}
DISTRICTS = 12
FIRST = datetime.fromisoformat("2016-01-01")
SECONDS_APART = 150
_ROWS_PER_POLE = 40

# Times rise with the number of a ticket, but only by and large; a text names a lamp post that some forty tickets share.
_SQL = f"""
    CREATE TABLE {TABLE} AS
    SELECT 'T' || lpad(i::VARCHAR, 8, '0') AS ticket_no,
           came AS opened_at,
           came + to_seconds(60 + r1 % 7200) AS accepted_at,
           CASE WHEN r2 % 10 > 0 THEN came + to_seconds(7200 + r2 % 864000) END AS closed_at,
           'A' || lpad((r1 % 40)::VARCHAR, 3, '0') AS agency,
           '云州市第' || (r1 % 40) || '局' AS agency_name,
           '类别' || (r2 % 60) AS type,
           '类别' || (r2 % 60) || '-' || (r2 % 11) AS subtype,
           '市民来电反映' || (r1 % 300) || '号附近灯杆' || lpad(((r1 * 31 + r2) % {{poles}})::VARCHAR, 6, '0')
               || '号' || ['不亮', '倾斜', '损坏', '被遮挡'][1 + r2 % 4] || '，请求尽快处理。' AS text,
           (r1 % 300) || '号，' || '建设路' || (r2 % 800) || '弄' AS address,
           lpad((200000 + r1 % 400)::VARCHAR, 6, '0') AS postcode,
           '区' || lpad((r2 % {DISTRICTS})::VARCHAR, 2, '0') AS district,
           '街道' || (r2 % {DISTRICTS}) || '-' || (r1 % 16) AS street,
           ['电话', '微信', '网站', '应用'][1 + r1 % 4] AS channel,
           ['已结', '办理中', '待派', '退回', '督办'][1 + (r1 + r2) % 5] AS status,
           (1 + r1 % 3)::INTEGER AS priority,
           (120 + (r1 % 900000) / 1e6)::DOUBLE AS lon,
           (30 + (r2 % 900000) / 1e6)::DOUBLE AS lat
    FROM (SELECT i, r1, r2, TIMESTAMP '{FIRST}' + to_seconds(i * {SECONDS_APART} + r1 % 600000) AS came
          FROM (SELECT i, (i * 2654435761 + 12345) % 4294967291 AS r1, (i * 40503 + 977) % 2147483647 AS r2
                FROM range({{rows}}) AS n(i)))
    ORDER BY ticket_no
"""


def make_tickets(rows: int, file: Path) -> None:
    """Write the tickets into the table `open.tickets` of a new DuckDB file."""
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as con:
        con.execute("CREATE SCHEMA open")
        con.execute("SET schema = 'open'")
        con.execute(_SQL.format(rows=rows, poles=poles(rows)))


def poles(rows: int) -> int:
    """How many lamp posts are named."""
    return max(1, rows // _ROWS_PER_POLE)


def number(place: int) -> str:
    """The number of the ticket at a place, from 0 on."""
    return f"T{place:08d}"


def moment(rows: int, share: float) -> datetime:
    """The moment at which about this share of the tickets had come in."""
    return FIRST + timedelta(seconds=int(rows * share) * SECONDS_APART)
