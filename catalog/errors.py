"""What is wrong with an authored file: where, which key, and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Problem:
    """One fault of an authored file.

    `line` is 1-based, None when the file as a whole is meant; `key` is a readable path into it
    (`schema[ticket].properties[phone].classification`), empty when no key is meant.
    """

    file: Path
    line: int | None
    key: str
    text: str
    mend: str

    def __str__(self) -> str:
        place = str(self.file) if self.line is None else f"{self.file}:{self.line}"
        subject = f"{self.key}: " if self.key else ""
        return f"{place}: {subject}{self.text}. {self.mend}"


class CatalogError(Exception):
    """An authored file that cannot be used; carries every fault found, the first one as its own attributes."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        if not problems:
            raise ValueError("a CatalogError needs at least one problem")
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def one(cls, file: Path, text: str, mend: str, *, line: int | None = None, key: str = "") -> CatalogError:
        """An error with a single problem."""
        return cls([Problem(file, line, key, text, mend)])

    @property
    def file(self) -> Path:
        """File of the first problem."""
        return self.problems[0].file

    @property
    def line(self) -> int | None:
        """Line of the first problem, 1-based."""
        return self.problems[0].line

    @property
    def key(self) -> str:
        """Key of the first problem."""
        return self.problems[0].key

    @property
    def mend(self) -> str:
        """How to mend the first problem."""
        return self.problems[0].mend
