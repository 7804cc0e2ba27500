"""The inside of a sandbox: one question, in a process that can open nothing and holds only what it is given.

Started by `nursery.py`. It knows no dataset, policy or file of the gateway; whoever took it over would find the rows
its caller may read anyway, and no way out but the answer.
"""

from __future__ import annotations

import io
import json
import os
import re
import resource
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from gateway.answers.arrow_rows import StreamWriter
from gateway.answers.text_rows import TextWriter
from gateway.problems import Problem
from gateway.sandbox.frames import HEAD, LONGEST, Kind, packed, pieces
from gateway.sandbox.guard import control_process
from gateway.sandbox.parse import parse_sql

ANSWER = "#answer"
_INCOMING = "#incoming"
_NOBODY = 65534
_NO_NEW_PRIVILEGES, _DIE_WITH_PARENT = 38, 1
_BATCH_ROWS = 2048
_MEGABYTE = 1 << 20
_ROOM = 256 * _MEGABYTE  # address space beside the engine's memory: Python, Arrow batches, text being made
_LOCKED = (
    "SET threads = 1",
    "SET temp_directory = ''",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET python_enable_replacements = false",
    "SET preserve_insertion_order = true",
    "SET default_null_order = 'nulls_last'",
    "SET enable_external_access = false",
)
# What an engine's error is about; its text stays here. Names in quotation marks are handed on as candidates: of those
# the gateway tells which stand in the question.
_ABOUT = (
    ("group", r"must appear in the GROUP BY"),
    ("ambiguous", r"[Aa]mbiguous"),
    ("unknown", r"Referenced (column|table)|not found in FROM|does not have a column"),
    ("aggregate", r"aggregate function|[Ww]indow function|cannot contain (aggregates|window)"),
    ("function", r"No function matches|Could not choose|candidate"),
    (
        "types",
        r"[Cc]annot (compare|mix|combine|cast)|types don't match|explicit (type )?cast|Unimplemented type for cast",
    ),
    ("scalar", r"More than one row returned|Subquery returns|Subqueries"),
    ("width", r"same number|number of (result )?columns"),
)


class _GoneError(Exception):
    """The gateway does not listen any more."""


class _RefusedError(Exception):
    """The answer cannot be given; the text is a code."""


class _Line:
    """The socket to the gateway, read frame by frame."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def send(self, kind: Kind, payload: bytes = b"") -> None:
        self._line.sendall(packed(kind, payload))

    def tell(self, kind: Kind, document: object) -> None:
        self.send(kind, json.dumps(document).encode())

    def take(self) -> tuple[Kind, bytes]:
        kind, length = HEAD.unpack(self._exactly(HEAD.size))
        if length > LONGEST:
            raise _GoneError
        return Kind(kind), self._exactly(length)

    def _exactly(self, length: int) -> bytes:
        found = bytearray()
        while len(found) < length:
            piece = self._line.recv(min(length - len(found), _MEGABYTE))
            if not piece:
                raise _GoneError
            found += piece
        return bytes(found)


class _Incoming(io.RawIOBase):
    """The rows of a table as a file that ends where they do."""

    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line, self._held, self._ended = line, memoryview(b""), False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held and not self._ended:
            kind, payload = self._line.take()
            self._ended, self._held = kind is Kind.END, memoryview(payload)
        size = min(len(buffer), len(self._held))
        buffer[:size], self._held = self._held[:size], self._held[size:]
        return size

    def drain(self) -> None:
        """Read up to the end of the table."""
        while not self._ended:
            self._ended = self._line.take()[0] is Kind.END


class Sandbox:
    """One database in memory, and the one question put to it."""

    def __init__(self, line: socket.socket) -> None:
        self._line = _Line(line)
        self._database = duckdb.connect(":memory:", config={"threads": 1})
        for setting in _LOCKED:
            self._database.execute(setting)
        read_table(self._database, empty_stream(), "rows")  # for the threads that it takes: later none can start
        self._database.execute('DROP TABLE "rows"')
        self._before = 0.0
        self._space = _address_space()  # noted now, since later no file can be opened

    def serve(self) -> None:
        """Do what is asked until the gateway hangs up."""
        while True:
            kind, payload = self._line.take()
            try:
                self._do(kind, json.loads(payload))
            except _RefusedError as error:
                self._fail({"code": str(error)})
            except (duckdb.OutOfMemoryException, MemoryError, pa.ArrowMemoryError):
                self._fail({"code": "memory"})
            except duckdb.Error as error:
                self._fail(_failure(error))

    def _fail(self, failure: dict[str, object]) -> None:
        self._line.tell(Kind.FAILED, {**failure, "worked": _worked() - self._before})

    def _do(self, kind: Kind, asked: dict[str, Any]) -> None:
        if kind is Kind.ASK:
            self._begin(asked)
        elif kind is Kind.LOOK:
            self._look([str(text) for text in asked["texts"]])
        elif kind is Kind.TABLE:
            self._load(str(asked["table"]))
        elif kind is Kind.RUN:
            self._run(asked)
        elif kind is Kind.WRITE:
            self._write(asked)
        else:
            raise _GoneError

    def _begin(self, asked: dict[str, Any]) -> None:
        """Put the limits in force, for good; then read the text as the gateway is going to, and say how long it took.

        What becomes of it the gateway finds out for itself. Some texts take for ever: then it does not try.
        """
        self._database.execute(f"SET memory_limit = '{int(asked['megabytes'])}MiB'")
        self._database.execute("SET lock_configuration = true")
        self._before = _worked()
        _limit(self._space + int(asked["megabytes"]) * _MEGABYTE + _ROOM, int(asked["seconds"]))
        with suppress(Problem):
            parse_sql(str(asked["sql"]))
        self._line.tell(Kind.TELL, {"worked": _worked() - self._before})

    def _look(self, texts: list[str]) -> None:
        """Say what the engine's parser makes of texts."""
        look = "SELECT json_serialize_sql(?)"
        told = [self._database.execute(look, [text]).fetchall()[0][0] for text in texts]
        self._line.tell(Kind.TELL, {"trees": told})

    def _load(self, table: str) -> None:
        incoming = _Incoming(self._line)
        try:
            read_table(self._database, io.BufferedReader(incoming, _MEGABYTE), table)
        finally:
            incoming.drain()
        self._line.tell(Kind.TELL, {})

    def _run(self, asked: dict[str, Any]) -> None:
        """Work the answer out, of at most one row more than it may have, and say what it is made of."""
        sql, most = asked["sql"], int(asked["rows"])
        columns = [(str(row[0]), str(row[1])) for row in self._database.execute(f"DESCRIBE {sql}").fetchall()]
        if len({name for name, _ in columns}) < len(columns):
            raise _RefusedError("twice")
        names = ", ".join(f"c{place}" for place in range(len(columns)))
        self._database.execute(f"CREATE TABLE {_quoted(ANSWER)} ({names}) AS {sql}")
        ((rows,),) = self._database.execute(f"SELECT count(*) FROM {_quoted(ANSWER)}").fetchall()
        self._line.tell(Kind.TELL, {"columns": columns, "rows": min(rows, most), "complete": rows <= most})

    def _write(self, asked: dict[str, Any]) -> None:
        """Give the answer out in the form asked for, as far as it is not larger than it may be."""
        between = str(asked["between"]).encode()
        writer = StreamWriter() if asked["columns"] else TextWriter(b"", between=between)
        rows = self._database.execute(asked["sql"]).to_arrow_reader(_BATCH_ROWS)
        sent, came = 0, False
        for batch in rows:
            came = True
            sent = self._give(writer.write(batch), sent, asked["bytes"])
        if not came:
            nothing = [pa.nulls(0, field.type) for field in rows.schema]
            batch = pa.RecordBatch.from_arrays(nothing, schema=rows.schema)
            sent = self._give(writer.write(batch), sent, asked["bytes"])
        self._give(writer.close(), sent, asked["bytes"])
        self._line.tell(Kind.TELL, {"worked": _worked() - self._before})

    def _give(self, data: bytes, sent: int, most: int) -> int:
        if sent + len(data) > most:
            raise _RefusedError("bytes")
        for piece in pieces(data):
            self._line.send(Kind.BODY, piece)
        return sent + len(data)


def empty_stream() -> io.BytesIO:
    """An Arrow IPC stream of no rows."""
    tape = io.BytesIO()
    pa.ipc.new_stream(tape, pa.schema([("a", pa.int64())])).close()
    return io.BytesIO(tape.getvalue())


def read_table(database: duckdb.DuckDBPyConnection, file: Any, table: str) -> None:
    """Make a table of an Arrow IPC stream, read as it comes."""
    options = pa.ipc.IpcReadOptions(use_threads=False)
    database.register(_INCOMING, pa.ipc.open_stream(pa.PythonFile(file, mode="r"), options=options))
    database.execute(f"CREATE TABLE {_quoted(table)} AS SELECT * FROM {_quoted(_INCOMING)}")
    database.unregister(_INCOMING)


def confine() -> None:
    """Give up what a process may have: from now on no file, socket, process or privilege can be opened or gained."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    for option, value in ((_NO_NEW_PRIVILEGES, 1), (_DIE_WITH_PARENT, signal.SIGKILL)):
        control_process(option, value)
    for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(limit, (0, 0))


def _limit(space: int, seconds: int) -> None:
    """Limit the address space to so many bytes, and processor time to so much more than was used."""
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    until = int(_worked()) + seconds + 2
    resource.setrlimit(resource.RLIMIT_CPU, (until, until))


def _address_space() -> int:
    """Bytes of address space in use."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()


def _worked() -> float:
    """Processor time of this process, in seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _failure(error: duckdb.Error) -> dict[str, object]:
    """What an engine's error is about, without its text."""
    text = str(error)
    if isinstance(error, (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)):
        kind = "scalar" if "More than one row" in text else "value"
        return {"code": kind, "names": []}
    if isinstance(error, duckdb.InterruptException):
        return {"code": "memory", "names": []}
    code = next((code for code, pattern in _ABOUT if re.search(pattern, text)), "other")
    return {"code": code, "names": re.findall(r'"([^"\n]{1,100})"', text)[:20]}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
