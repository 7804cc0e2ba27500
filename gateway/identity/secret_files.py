"""The gateway's own secrets: from the environment, else from files that only the gateway's user may read.

Made on first use, so that keys, tokens, sessions and page cursors outlive a restart.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.control.errors import StoreError

if TYPE_CHECKING:
    from gateway.settings import GatewaySettings

FILES = {"pepper": "key-pepper", "tokens": "token-secrets", "cursor": "cursor-secret", "join": "join-key-secret"}
_SHORTEST = 16


@dataclass(frozen=True, repr=False)
class Secrets:
    """`pepper` of stored hashes, `tokens` of access tokens (the first signs, all verify), `cursor` of page cursors,
    `join` of join keys."""

    pepper: bytes
    tokens: tuple[bytes, ...]
    cursor: bytes
    join: bytes


def load_secrets(settings: GatewaySettings, folder: Path) -> Secrets:
    """The secrets of the settings; those not given are read from files in `folder`, made when missing.

    StoreError when a file may be read by others, is empty, or cannot be made.
    """
    place = settings.secrets_dir or folder
    given = settings.key_pepper, settings.token_secrets, settings.cursor_secret, settings.join_key_secret
    pepper, tokens, cursor, join = ((g.get_secret_value().encode().splitlines() if g else None) for g in given)
    return Secrets(
        pepper=(pepper or read_or_make(place / FILES["pepper"]))[0],
        tokens=tuple(tokens or read_or_make(place / FILES["tokens"])),
        cursor=(cursor or read_or_make(place / FILES["cursor"]))[0],
        join=(join or read_or_make(place / FILES["join"]))[0],
    )


def read_or_make(path: Path) -> list[bytes]:
    """The secrets in a file, one a line; a missing file gets one random secret."""
    try:
        if not path.exists():
            _make(path)
        mode = path.stat().st_mode
        lines = [line.strip() for line in path.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror}; make the folder writable, or name another with CIVICLAKE_GATEWAY_SECRETS_DIR"
        ) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise StoreError(f"{path} may be read by others; run: chmod 600 {path}")
    if not lines or min(map(len, lines)) < _SHORTEST:
        raise StoreError(f"{path} must hold secrets of {_SHORTEST} signs or more, one a line")
    return lines


def _make(path: Path) -> None:
    """Written aside and linked into place: of several processes that start at once, one file wins for all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(aside)
    finally:
        aside.unlink()
