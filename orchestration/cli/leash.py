"""`leash.py PARENT COMMAND…`: becomes the command, which ends when its parent process does.

A program of its own: what a child must ask for itself before it begins cannot safely be asked by a fork of a process
that has threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask Linux to end this process when the parent is killed, and become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:  # else it ended before it was asked for
        os.execvp(command[0], command)  # noqa: S606  -- a fixed command of our own, and a shell is not wanted


if __name__ == "__main__":
    main()
