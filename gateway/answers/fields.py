"""The columns of an answer, as every format needs them: name, type, and where the statement has the value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sqlglot import exp

from gateway.query.compile_groups import output_ref
from gateway.query.grouping import GroupedQuery
from gateway.view.types import ValueType


class Field(Protocol):
    """One column of an answer; a view's column is one already."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def kind(self) -> ValueType:
        """The type of its values."""
        ...

    @property
    def ref(self) -> exp.Expr:
        """Its value in the statement, a new tree each time."""
        ...


@dataclass(frozen=True)
class OutputField:
    """An output of a grouped query."""

    name: str
    kind: ValueType
    place: int

    @property
    def ref(self) -> exp.Expr:
        """Its value over the groups."""
        return output_ref(self.place)


def fields_of(query: GroupedQuery) -> tuple[Field, ...]:
    """The outputs of a grouped query in their order."""
    return tuple(OutputField(output.name, output.kind, place) for place, output in enumerate(query.outputs))
