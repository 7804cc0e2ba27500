"""`${NAME}` references of a contract, resolved from the environment at the moment of a pull."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from orchestration.connectors.errors import SettingMissingError

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
HIDDEN = "***"


def resolve(text: str, environ: Mapping[str, str], *, contract: Path, key: str) -> str:
    """`text` with every reference replaced; SettingMissingError names the contract, its key and the variable."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if not environ.get(name):
            text = f"environment variable {name} is not set"
            raise SettingMissingError(contract, key, text, f"Set {name} for the process that pulls this feed")
        return environ[name]

    return REFERENCE.sub(value, text)


def hide(text: str, *secrets: str | None) -> str:
    """`text` without the given secrets, for messages that may quote what a library said."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    return text
