"""The gateway's own secrets: made once for everybody who starts, private, and refused when they are not."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.control.errors import StoreError
from gateway.identity.secret_files import FILES, load_secrets, read_or_make
from gateway.settings import GatewaySettings


def test_they_are_made_once_private_and_stay(tmp_path: Path) -> None:
    folder = tmp_path / "control"
    settings = GatewaySettings(home=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: load_secrets(settings, folder), range(16)))
    assert all(secrets == made[0] for secrets in made)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES.values())
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert made[0].cursor.decode() not in repr(made[0])


def test_those_given_are_taken_and_several_token_secrets_are_lines(tmp_path: Path) -> None:
    settings = GatewaySettings(
        home=tmp_path,
        secrets_dir=tmp_path / "elsewhere",
        key_pepper="a pepper of sixteen signs",
        token_secrets="the newest token secret\nthe one before it is kept",
    )
    found = load_secrets(settings, tmp_path / "control")
    assert found.pepper == b"a pepper of sixteen signs"
    assert found.tokens == (b"the newest token secret", b"the one before it is kept")
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == ["cursor-secret", "join-key-secret"]
    assert not (tmp_path / "control").exists()


def test_a_file_that_others_may_read_or_that_is_too_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key-pepper"
    read_or_make(path)
    path.chmod(0o640)
    with pytest.raises(StoreError, match="chmod 600"):
        read_or_make(path)
    path.chmod(0o600)
    path.write_text("short\n")
    with pytest.raises(StoreError, match="16 signs"):
        read_or_make(path)
    with pytest.raises(StoreError, match="make the folder writable"):
        read_or_make(path / "below a file")
