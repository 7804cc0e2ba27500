"""What one writes in an afternoon: FastAPI over a DuckDB table. No policy, no cursors, no limits, no log."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
from fastapi import FastAPI
from fastapi.responses import StreamingResponse


def make_app() -> FastAPI:
    """The application over the file that the variable TICKETS names."""
    con = duckdb.connect(os.environ["TICKETS"], read_only=True)
    app = FastAPI()

    def records(sql: str, values: list[Any]) -> list[dict[str, Any]]:
        with con.cursor() as cursor:
            found = cursor.execute(sql, values)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    @app.get("/tickets/{ticket_no}")
    def row(ticket_no: str) -> list[dict[str, Any]]:
        return records("SELECT * FROM open.tickets WHERE ticket_no = ?", [ticket_no])

    @app.get("/newest")
    def newest(district: str, until: datetime, limit: int) -> list[dict[str, Any]]:
        where = "district = ? AND opened_at <= ? ORDER BY opened_at DESC, ticket_no LIMIT ?"
        return records(f"SELECT * FROM open.tickets WHERE {where}", [district, until, limit])

    @app.get("/groups")
    def groups(since: datetime) -> list[dict[str, Any]]:
        where = "WHERE opened_at >= ? GROUP BY ALL"
        return records(f"SELECT district, status, count(*) AS count FROM open.tickets {where}", [since])

    @app.get("/search")
    def search(word: str, limit: int) -> list[dict[str, Any]]:
        where = "WHERE contains(text, ?) ORDER BY ticket_no LIMIT ?"
        return records(f"SELECT * FROM open.tickets {where}", [word, limit])

    @app.get("/tickets")
    def page(after: str, limit: int) -> list[dict[str, Any]]:
        where = "WHERE ticket_no > ? ORDER BY ticket_no LIMIT ?"
        return records(f"SELECT * FROM open.tickets {where}", [after, limit])

    @app.get("/csv")
    def as_csv(district: str | None = None) -> StreamingResponse:
        import io

        import pyarrow as pa
        import pyarrow.csv

        def chunks() -> Iterator[bytes]:
            with con.cursor() as cursor:
                where = "" if district is None else "WHERE district = ?"
                values = [] if district is None else [district]
                first = True
                for batch in cursor.execute(f"SELECT * FROM open.tickets {where}", values).to_arrow_reader(50_000):
                    sink = io.BytesIO()
                    pa.csv.write_csv(batch, sink, pa.csv.WriteOptions(include_header=first))
                    first = False
                    yield sink.getvalue()

        return StreamingResponse(chunks(), media_type="text/csv")

    return app
