"""Why a release could not be made, found or trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class FailedCheck:
    """A blocking check that did not pass: what was tested, which rule, and what was found.

    `model` is said where no check of a model has told it: of what is found only when a release is written.
    """

    subject: str
    rule: str
    finding: str
    model: str = ""

    def __str__(self) -> str:
        return f"{self.subject}: {self.rule}: {self.finding}"


class ReleaseError(Exception):
    """Base of everything that can be wrong with releases."""


class PublishBlockedError(ReleaseError):
    """A blocking check failed; the current release stays. `failures` are all of them."""

    def __init__(self, failures: Sequence[FailedCheck]) -> None:
        self.failures = tuple(sorted(failures))
        lines = "\n".join(f"  {failure}" for failure in self.failures)
        super().__init__(f"not published, {len(self.failures)} blocking check(s) failed:\n{lines}")


class UnreadFeedsError(ReleaseError):
    """There is no release yet, and the first would lack feeds that have never been read."""

    def __init__(self, feeds: Sequence[str]) -> None:
        self.feeds = tuple(feeds)
        text = "the first release waits until every feed has been read once; never read so far: "
        mend = "Mend what is said of them, then run `civiclake run`: it takes up where this run stopped"
        super().__init__(f"{text}{', '.join(feeds)}. {mend}")


class NoReleaseError(ReleaseError):
    """Nothing was ever published here."""

    def __init__(self) -> None:
        super().__init__("there is no release yet. Make one with `civiclake run`")


class DamagedReleaseError(ReleaseError):
    """A release whose bytes or counts are not what its manifest says."""

    def __init__(self, number: int, findings: Sequence[str]) -> None:
        self.findings = tuple(findings)
        lines = "\n".join(f"  {finding}" for finding in findings)
        super().__init__(f"release {number:04d} is damaged:\n{lines}\nRestore its folder from a copy, or roll back")
