"""What keeps processes of one user apart: none of them may look into another, or write to its memory."""

from __future__ import annotations

import ctypes

_DUMPABLE = 4


def control_process(option: int, value: int) -> None:
    """Change a property of this process (prctl). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def close_to_others() -> None:
    """Let only the machine's administrator look into this process and those it forks. It matters where the gateway has
    no privileges to give up: then its sandboxes run as its own user."""
    control_process(_DUMPABLE, 0)
