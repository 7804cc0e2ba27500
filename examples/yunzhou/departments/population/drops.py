"""The police's drops: on Sundays a file of what changed, as Parquet encrypted with the key of the house."""

from __future__ import annotations

import secrets
from datetime import date

import duckdb
from pyarrow import parquet
from pyarrow.parquet.encryption import create_encryption_properties

from departments import answers, outbox
from departments.defects import Defects
from departments.home import Home, Setup
from departments.population.residents import create_residents, create_rows

SUNDAY = 6
COLUMNS = "rybh, xm, gmsfhm, xb, csrq, hjd, jzd, jzdz, jzlx, zt, swrq, pcs, gxsj"


def generate(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, defects: Defects) -> None:
    """Makes a key, stages every drop, adds its defects to the answer key, and keeps the numbers that must not leak."""
    home.population_key.parent.mkdir(parents=True, exist_ok=True)
    home.population_key.write_text(secrets.token_hex(16), encoding="ascii")
    create_residents(con, setup)
    create_rows(con, defects)
    since: date | None = None
    for day in (day for day in setup.days() if day == setup.first or day.weekday() == SUNDAY):
        rows = _rows(since, day)
        name = f"{day}/人口_{day:%Y%m%d}.parquet"
        _write(con, home, day, name, rows)
        answers.add(
            con,
            "population",
            "population_person",
            f"""select rybh as row_key, date_trunc('second', gxsj) as version_at, date '{day}' as business_date,
                       '{name}' as file_name, line, defect as rule_id
                from {rows} where defect is not null and copy = (case defect when 'DUP' then 1 else 0 end)""",
        )
        since = day
    truth = home.truth("residents")
    truth.parent.mkdir(parents=True, exist_ok=True)
    con.execute(f"""copy (
        select id_no, any_value(name) as name, any_value(born) as born, any_value(sex) as sex, max(died) as died
        from resident group by id_no order by id_no) to '{truth}' (format parquet)""")


def _rows(since: date | None, day: date) -> str:
    """SQL of the rows of a drop, in its order, with `line`."""
    after = f"known_on > '{since}' and" if since else ""
    return f"""(select *, row_number() over (order by vk, copy) as line from population_person_row
                where {after} known_on <= '{day}')"""


def _write(con: duckdb.DuckDBPyConnection, home: Home, day: date, name: str, rows: str) -> None:
    """Writes a drop a group of rows at a time, so that memory does not grow with the city."""
    path = outbox.target(home, "population", day, name)
    sealed = create_encryption_properties(bytes.fromhex(home.population_key.read_text(encoding="ascii")))
    batches = con.execute(f"select {COLUMNS} from {rows} order by line").to_arrow_reader(100_000)
    with parquet.ParquetWriter(path, batches.schema, compression="zstd", encryption_properties=sealed) as file:
        for batch in batches:
            file.write_batch(batch)
