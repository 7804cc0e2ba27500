"""Who is at the keyboard, as the operating system knows it: nothing that the caller sets can change it."""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from pathlib import Path

_LOGIN = Path("/proc/self/loginuid")
_NO_LOGIN = 2**32 - 1


def login_name() -> str:
    """Name of the login this process came of, which Linux keeps through `sudo` and `su`; where none is kept (a
    container, another system) that of the process's real user. `user` and its number where it has no name."""
    uid = os.getuid()
    with suppress(OSError, ValueError):
        login = int(_LOGIN.read_text(encoding="ascii"))
        uid = uid if login == _NO_LOGIN else login
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
