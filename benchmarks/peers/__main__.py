"""CivicLake beside PostgREST, Datasette, ROAPI, a naive server and nginx, over one dataset, in one run.

    python -m benchmarks.peers.programs             # once: fetch the other servers and wrk
    python -m benchmarks.peers [--rows 2000000] [--rounds 3] [--seconds 3]

All servers run at once and are asked in turns, each round anew; answers are compared first. Questions of a load hardly
ever repeat, so that no cache answers, but where it says repeated. `--rows 50000 --rounds 1 --seconds 1` takes a minute.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks.peers.agree import require_agreement
from benchmarks.peers.civiclake import CivicLake
from benchmarks.peers.datasette import Datasette
from benchmarks.peers.naive import Naive
from benchmarks.peers.nginx import Nginx
from benchmarks.peers.peer import Peer, Place
from benchmarks.peers.postgrest import PostgREST
from benchmarks.peers.process import Served
from benchmarks.peers.programs import WORK
from benchmarks.peers.questions import Groups, Page, Row, Search, Slice
from benchmarks.peers.release import publish_tickets
from benchmarks.peers.roapi import Roapi
from benchmarks.peers.rounds import Results, one_round
from benchmarks.peers.tickets import make_tickets

PEERS: dict[str, type[Peer]] = {kind.name: kind for kind in (CivicLake, PostgREST, Datasette, Roapi, Naive, Nginx)}


def main() -> None:
    """Prepare, compare the answers, measure in rounds, print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="how long each load lasts")
    parser.add_argument("--workers", type=int, default=2, help="server processes of CivicLake")
    parser.add_argument("--only", nargs="*", choices=sorted(PEERS), default=sorted(PEERS), help="servers to measure")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for programs, data and figures")
    chosen = parser.parse_args()
    CivicLake.workers = chosen.workers
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are ended in any case
    place = _place(chosen.work.resolve(), chosen.rows)
    peers = [PEERS[name](place) for name in PEERS if name in chosen.only]
    for peer in peers:
        peer.prepare()
    with ExitStack() as stack:
        running: dict[Peer, Served] = {peer: stack.enter_context(peer.serve()) for peer in peers}
        compared = require_agreement(place, running, (Row, Page, Groups, Search, Slice))
        print(
            f"{chosen.rows:,} rows; {compared} answers are equal to the table's, load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        results = Results()
        try:
            for turn in range(chosen.rounds):
                one_round(place, running, results, turn, chosen.seconds)
                print(f"round {turn + 1} of {chosen.rounds} is over, load {os.getloadavg()[0]:.1f}", flush=True)
        finally:  # a run that is broken off tells what it knows
            results.save(place.work / "figures.json")
            print(results.report([peer.name for peer in peers]), flush=True)


def _place(work: Path, rows: int) -> Place:
    folder = work / str(rows)
    folder.mkdir(parents=True, exist_ok=True)
    tickets, home = folder / "tickets.duckdb", folder / "home"
    files = home / "releases" / "0001" / "files"
    if not files.exists():
        make_tickets(rows, tickets)
        publish_tickets(tickets, home)
    return Place(tickets, files, home, work / "programs", folder, rows)


if __name__ == "__main__":
    main()
