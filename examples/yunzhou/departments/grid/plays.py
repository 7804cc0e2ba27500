"""What is played with some grid cases: hot spots, cheating, hang-ups and wrong dispatches; the truth of the themes."""

from __future__ import annotations

import duckdb

from departments.home import Home

HOT_CLASS, HOT_HOUR, HOT_DAYS, HOT_CASES = "E0510", 18, 7, 8
HOT_CELL = "(select min(i) from cell where street_code = (select max(street_code) from cell))"
FIRST_STANDING, STANDING = 21, 6  # cases reported from one and the same spot, on every fifth day
BATCH_DAYS_AGO, BATCH_SIZE = 8, 90  # cases closed within one minute, that many days before the last one
AS_IF_DONE = {"file": 60, "dispatch": 120, "handle_1": 400, "handle": 400, "feedback": 460, "verify": 560, "close": 650}

# One draw decides what is played with a case of day `d` and number `r.n`; `k` is its key.
KEY = "(d.ordinal * 1000000 + r.n)"
PLAY = f"""case when d.day > (select max(day) from day) - {HOT_DAYS} and r.n <= {HOT_CASES} then 'hot'
    when d.ordinal % 5 = 0 and r.n >= {FIRST_STANDING} and r.n < {FIRST_STANDING + STANDING} then 'standing'
    when r.n > 1 and u({KEY}, 'play') < 0.012 and u({KEY} - 1, 'play') >= 0.012 then 'clone'
    when u({KEY}, 'play') >= 0.012 and u({KEY}, 'play') < 0.020 then 'outside'
    when u({KEY}, 'play') >= 0.020 and u({KEY}, 'play') < 0.045 then 'hang'
    when u({KEY}, 'play') >= 0.045 and u({KEY}, 'play') < 0.070 then 'misrouted' end"""
# The key that place, time and inspector of a case are drawn by.
STANDPOINT = f"case when play = 'standing' then ordinal * 1000000 + {FIRST_STANDING} else k end"
DELAY = f"case when play = 'standing' then 80 * (n - {FIRST_STANDING}) else 0 end"
BATCH_AT = f"(cast((select max(day) from day) - {BATCH_DAYS_AGO} as timestamp) + interval 1050 minute)"
IN_BATCH = f"""(play is null and not is_void and close >= {BATCH_AT} - interval 36 hour and close < {BATCH_AT}
    and u(k, 'batch') < {BATCH_SIZE} / (1.5 * (select avg(cases) from day)))"""
REPLACED = ", ".join(
    [
        f"case when play = 'outside' then report + interval {seconds} second "
        + (f"when {IN_BATCH} then {BATCH_AT} + seconds(50 * u(k, 'in batch')) " if name == "close" else "")
        + f"else {name} end as {name}"
        for name, seconds in AS_IF_DONE.items()
    ]
    + [f"case when play is distinct from 'outside' then {name} end as {name}" for name in ("returned", "extended")]
)


def create_truth(con: duckdb.DuckDBPyConnection) -> None:
    """Creates the empty table play_truth: case, what is played with it, and when the case shows it."""
    con.execute("create table play_truth (case_no varchar, play varchar, shown_at timestamp)")


def add_truth(con: duckdb.DuckDBPyConnection, since: str, until: str) -> None:
    """Adds what is played with the cases of table grid_case that were reported on the days `since` to `until`."""
    con.execute(f"""
        insert into play_truth
        with told as (select *, strftime(day, '%Y%m%d') || lpad(cast(n as varchar), 7, '0') as case_no from grid_case
                      where day between '{since}' and '{until}')
        select case_no, play, case play when 'outside' then close when 'hang' then hung_from when 'misrouted'
            then misrouted else report end
        from told where play is not null
        union all
        select case_no, 'batch', close from told where close >= {BATCH_AT} and close < {BATCH_AT} + interval 1 minute
          and play is null and not is_void""")


def write_truth(con: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Writes the truth, sorted."""
    con.execute(f"copy (select * from play_truth order by all) to '{home.grid_plays}' (format parquet)")
