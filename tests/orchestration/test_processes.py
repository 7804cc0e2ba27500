"""Children of the command line end when it is killed without a chance to stop them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# Starts a child while another thread runs, tells its number, and waits to be killed.
PARENT = """
import sys, threading
from pathlib import Path
from orchestration.cli.processes import Children

threading.Thread(target=threading.Event().wait, daemon=True).start()
folder = Path(sys.argv[1])
code = "import pathlib, time; pathlib.Path('ready').touch(); time.sleep(600)"
children = Children()
children.start("child", [sys.executable, "-c", code], folder / "log", cwd=folder, env={})
children.wait_for_file("child", folder / "ready")
print(children._running["child"].pid, flush=True)
threading.Event().wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_killed_command_takes_its_children_along(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert "time.sleep(600)" in Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8")
        parent.kill()
    ended = Path(f"/proc/{child}/stat")
    for _ in range(2_000_000):  # gone, or left for init to collect
        try:
            if ended.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z":
                return
        except (FileNotFoundError, ProcessLookupError):
            return
    raise AssertionError("the child outlived the command")
