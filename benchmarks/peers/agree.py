"""Whether all servers say the same, before any of them is timed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import duckdb

from benchmarks.peers.peer import Peer, Place
from benchmarks.peers.process import Served
from benchmarks.peers.questions import Groups, Page, Question, Row, Rows, Search, Slice, draw, normal, read_csv
from benchmarks.peers.tickets import COLUMNS
from benchmarks.peers.transfer import Asking

_EACH = 3
_TABLE = "open.tickets"


def require_agreement(place: Place, running: Mapping[Peer, Served], kinds: Sequence[type[Question]]) -> int:
    """Ask every server some questions of each kind and compare with the table itself; the number of answers compared.

    RuntimeError names the first difference.
    """
    chance, compared = random.Random(5), 0
    with duckdb.connect(str(place.tickets), read_only=True) as con:
        for kind in kinds:
            for _ in range(1 if kind is Slice else _EACH):
                question = draw(kind, place.rows, chance)
                truth = _truth(con, question)
                for peer, served in running.items():
                    compared += _compare(peer, served, question, truth)
    return compared


def _compare(peer: Peer, served: Served, question: Question, truth: Rows) -> int:
    call = peer.call(question)
    if call is None:
        return 0
    asking = Asking(served)
    body = asking(call)
    asking.close()
    records = read_csv(body) if isinstance(question, Slice) else peer.records(body)
    found = normal(type(question), records)
    if found != truth:
        places = [place for place, (left, right) in enumerate(zip(found, truth, strict=False)) if left != right]
        sample = f"{found[places[0]]} is not {truth[places[0]]}" if places else f"{len(found)} rows, not {len(truth)}"
        raise RuntimeError(f"{peer.name}, {question}: {sample}")
    return 1


def _truth(con: duckdb.DuckDBPyConnection, question: Question) -> Rows:
    values: list[object]
    match question:
        case Row(ticket):
            where, values = "ticket_no = ?", [ticket]
        case Page(district, until):
            where, values = (
                "district = ? AND opened_at <= ? ORDER BY opened_at DESC, ticket_no LIMIT 100",
                [district, until],
            )
        case Search(word):
            where, values = "contains(text, ?) ORDER BY ticket_no LIMIT 100", [word]
        case Slice(district):
            where, values = "district = ?", [district]
        case Groups(since):
            sql = f"SELECT district, status, count(*) FROM {_TABLE} WHERE opened_at >= ? GROUP BY ALL"
            names, found = ("district", "status", "count"), con.execute(sql, [since]).fetchall()
            return normal(Groups, [dict(zip(names, row, strict=True)) for row in found])
        case _:
            raise ValueError(f"no rows to compare: {question}")
    found = con.execute(f"SELECT * FROM {_TABLE} WHERE {where}", values).fetchall()
    return normal(type(question), [dict(zip(COLUMNS, row, strict=True)) for row in found])
