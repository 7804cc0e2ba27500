"""A warm process that runs `civiclake` command lines: each in a forked child of its own, with all imports behind it.

The child runs the console command's own entry point. It saves the seconds of importing, which a test that runs the
command twenty times would spend again and again.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import sys
import traceback
from typing import NoReturn

HEAVY = (
    "alembic.command",
    "babel.dates",
    "dagster._core.execution.execute_in_process",
    "dagster._core.executor.in_process",
    "dagster._core.instance.factory",
    "dagster._core.storage.event_log.sqlite",
    "dagster._core.storage.legacy_storage",
    "dagster._core.storage.runs.sqlite",
    "dagster._core.storage.schedules.sqlite",
    "dagster._daemon.controller",
    "dbt.adapters.duckdb.connections",
    "dbt.adapters.duckdb.environments.local",
    "dbt.cli.main",
    "dbt.task.build",
    "dbt_common.clients.agate_helper",
    "expectations.gx_engine",
    "fastexcel",
    "great_expectations.expectations",
    "httpcore",
    "lxml.etree",
    "orchestration.cli.console",
    "orchestration.cli.main",
    "orchestration.connectors.folder",
    "orchestration.connectors.http",
    "orchestration.connectors.sql",
    "orchestration.definitions",
    "orchestration.defs.event_log",
    "orchestration.defs.home",
    "orchestration.reading.retry",
    "orchestration.run",
    "orchestration.transform.session",
    "pyarrow.compute",
    "pyarrow.dataset",
)


def serve() -> int:
    """Reads one order a line (JSON: arguments, env, log); answers with the child's id, then with its exit status."""
    for name in HEAVY:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is loaded is neither looked through nor copied again by every child
    gc.set_threshold(50_000, 20, 20)
    say("ready")
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            run(order["arguments"], order["env"], order["log"])
        with contextlib.suppress(OSError):  # both set it: whoever is asked to kill the group finds it
            os.setpgid(child, child)
        say(child)
        say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return 0


def say(what: object) -> None:
    """One line of the answer."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def run(arguments: list[str], env: dict[str, str], log: str) -> NoReturn:
    """The command line in this process, the leader of a group of its own, both outputs in the file `log`."""
    os.setpgid(0, 0)
    sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for output in (1, 2):
        os.dup2(sink, output)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(env)
    sys.argv = ["civiclake", *arguments]
    from orchestration.cli.main import main

    code = 0
    try:
        main()
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    except Exception:  # noqa: BLE001  -- whatever it is, the log says it and the status is 1
        traceback.print_exc()
        code = 1
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)  # libraries that kept threads before the fork could not end them here


if __name__ == "__main__":
    sys.exit(serve())
