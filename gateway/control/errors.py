"""What can be wrong with an act on the control store, for the command line and for HTTP alike."""

from __future__ import annotations


class ControlError(Exception):
    """An act that cannot be done; the text says why and how to mend it. `exit_code` is the command line's status.

    `waits_for` are the roles in a case whose turn it is instead, where that is why.
    """

    exit_code = 2

    def __init__(self, text: str, *, waits_for: frozenset[str] = frozenset()) -> None:
        super().__init__(text)
        self.waits_for = waits_for


class UnknownError(ControlError):
    """Something named in the act is not there."""


class ConflictError(ControlError):
    """What the act would make is there already, or its state does not allow the act."""


class StoreError(ControlError):
    """The store itself cannot be used."""

    exit_code = 5


class ForbiddenError(ControlError):
    """Whoever acts may know of the thing, but not do this with it."""
