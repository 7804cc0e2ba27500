"""What can go wrong between a department system and landing, always with file, key and mend."""

from __future__ import annotations

from pathlib import Path

from catalog.errors import Problem


class SourceError(Exception):
    """A feed's source cannot be read; what was landed so far is kept and the next pull continues there."""

    def __init__(self, contract: Path, key: str, text: str, mend: str) -> None:
        self.problem = Problem(contract, None, key, text, mend)
        super().__init__(str(self.problem))


class SettingMissingError(SourceError):
    """A `${NAME}` of the contract is not set in the environment."""


class AddressRefusedError(SourceError):
    """The configured host, or where it leads, is not an address this feed may reach."""


class DeadlineError(SourceError):
    """The pull took longer than the contract allows."""
