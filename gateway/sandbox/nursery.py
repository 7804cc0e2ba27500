"""The nursery: a process that has loaded what sandboxes need, and forks one whenever the gateway asks.

It never sees a row or a question. Its standard input is a socket to the gateway; each message brings one end of the
line to a new sandbox. It ends when the gateway does.
"""

from __future__ import annotations

import os
import signal
import socket
import sys

import duckdb

from gateway.sandbox import child
from gateway.sandbox.guard import close_to_others
from gateway.sandbox.parse import parse_sql

READY = b"+"


def main() -> None:
    """Fork a sandbox for every line that comes in."""
    close_to_others()
    _warm_up()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a sandbox ended
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=os.dup(0)) as control:
        while True:
            message, lines, _, _ = socket.recv_fds(control, 1, 1)
            if not message:
                return
            if os.fork() == 0:
                control.close()
                _become(lines[0])
            os.close(lines[0])


def _become(line: int) -> None:
    """Be a sandbox. Does not return, whatever happens."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        os.close(nothing)
        talk = socket.socket(fileno=line)
        sandbox = child.Sandbox(talk)
        handle = os.pidfd_open(os.getpid())
        socket.send_fds(talk, [READY], [handle])
        os.close(handle)
        child.confine()
        sandbox.serve()
    finally:
        os._exit(0)


def _warm_up() -> None:
    """Do once what sandboxes do, so that whatever is loaded on first use is loaded in all of them.

    The libraries would load pandas where they find it, and do without it where not; it takes half of the time. None
    is what `import` takes for a module that cannot be found.
    """
    vars(sys)["modules"]["pandas"] = None
    with duckdb.connect(":memory:", config={"threads": 1}) as database:
        child.read_table(database, child.empty_stream(), "kept")
        database.execute("SELECT a::VARCHAR FROM kept").to_arrow_reader(10).read_all()
        database.execute("SELECT json_serialize_sql('SELECT 1')").fetchall()
        database.execute("DESCRIBE SELECT 1").fetchall()
    parse_sql("SELECT 1")


if __name__ == "__main__":
    main()
