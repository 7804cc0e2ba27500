"""The kinds of expectation that are asked, each deriving its configuration once.

The library derives it anew about fifty times for every expectation it judges, a quarter of what judging costs. Nothing
changes an expectation between its making and its judgement, so what was derived first serves for all.
"""

from __future__ import annotations

from typing import Any

from great_expectations import expectations as gxe
from great_expectations.compatibility import pydantic


def _deriving_once(kind: Any) -> Any:
    """The same kind of expectation, with its property `configuration` kept."""
    derive = kind.configuration.fget

    def configuration(self: Any) -> Any:
        if self._derived is None:
            self._derived = derive(self)
        return self._derived

    members = {
        "__module__": __name__,
        "__doc__": kind.__doc__,
        "_derived": pydantic.PrivateAttr(None),
        "configuration": property(configuration, doc=kind.configuration.__doc__),
    }
    return type(kind)(f"{kind.__name__}Once", (kind,), members)


ColumnNotNull = _deriving_once(gxe.ExpectColumnValuesToNotBeNull)
ColumnInSet = _deriving_once(gxe.ExpectColumnValuesToBeInSet)
ColumnBetween = _deriving_once(gxe.ExpectColumnValuesToBeBetween)
TableRowCount = _deriving_once(gxe.ExpectTableRowCountToBeBetween)
UnexpectedRows = _deriving_once(gxe.UnexpectedRowsExpectation)
