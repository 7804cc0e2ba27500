"""What the gateway would take the holder of a key for, asked without a running gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from catalog.policy.divisions import DivisionTree
from gateway.control.cli.options import now
from gateway.control.errors import ControlError
from gateway.doors.whoami import described
from gateway.identity.presented import Presented
from gateway.identity.service import open_identity
from gateway.problems import Problem

if TYPE_CHECKING:
    from gateway.control.cli.options import Control


def who(control: Control, key: str) -> dict[str, Any]:
    """The caller as a document; ControlError says why the key is refused."""
    policy = control.policy()
    tree = policy.division_tree if policy is not None else DivisionTree(())
    identity = open_identity(control.settings, control.workspace, clock=now, tree=lambda: tree)
    try:
        return described(identity.callers.find(Presented("key", key)), control.zone)
    except Problem as problem:
        raise ControlError(f"refused: {problem.detail}") from None
    finally:
        identity.close()
