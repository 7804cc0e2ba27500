"""From SoQL to the query tree: rows, or groups where there is something to group by or to reckon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlglot import exp

from gateway.answers.fields import Field, OutputField
from gateway.facades.soda.conditions import Conditions, Operand
from gateway.facades.soda.nodes import STAR, Among, Both, Call, Name, Negation, Node, Ordered, Pair, Selected
from gateway.facades.soda.parameters import Soql
from gateway.facades.soda.times import PARTS, SPANS, TIMES, YEAR, Timed, bucket_of
from gateway.problems import BadValue, TooManyConditions, UnknownOperator
from gateway.query.grouping import Figure, GroupedQuery, GroupSort, Having, Key, Output
from gateway.query.logic import Junction, Part, conjuncts, leaves
from gateway.query.measures import MEASURES
from gateway.query.parse import Limits, known_column, own_order, whole_row
from gateway.query.tree import Condition, Filter, Query, Sort
from gateway.view.types import Family, ValueType
from gateway.view.view import Column, View

FIGURES = ("count", "sum", "avg", "min", "max", "median")
ROW_ID = ":id"  # Socrata's own number of a row; here a word for the dataset's own order
P = TypeVar("P", bound=Part)


@dataclass(frozen=True)
class Shown:
    """A column under the name it is given."""

    name: str
    column: Column

    @property
    def kind(self) -> ValueType:
        """The type of its values."""
        return self.column.kind

    @property
    def ref(self) -> exp.Expr:
        """Its value over the rows."""
        return self.column.ref


Q = TypeVar("Q", Query, GroupedQuery)


@dataclass(frozen=True)
class Asked(Generic[Q]):
    """A question and the columns of its answer."""

    query: Q
    fields: tuple[Field, ...]


def is_grouped(soql: Soql) -> bool:
    """Whether groups are asked for, not rows."""
    nodes = [*(item.node for item in soql.select), *(term.node for term in soql.order)]
    return bool(soql.group) or soql.distinct or any(_reckons(node) for node in nodes)


def _reckons(node: Node) -> bool:
    return isinstance(node, Call) and node.name in FIGURES


def parse_rows(view: View, soql: Soql, limits: Limits) -> Asked[Query]:
    """The rows asked for."""
    if soql.having is not None:
        raise BadValue("`$having` is about groups: use `$where`, or group by something.", parameter="$having")
    fields: dict[str, Shown | Timed] = {}
    columns: dict[str, Column] = {}
    for item in soql.select or (Selected(STAR),):
        for field, column in _shown(view, item):
            if field.name in fields:
                raise BadValue(f"`$select`: `{field.name[:80]}` is named twice.", parameter="$select")
            fields[field.name], columns[column.name] = field, column
    select, found = tuple(columns.values()), tuple(fields.values())
    aliased = {field.name: field.column for field in found if isinstance(field, Shown)}
    order = tuple(sort for term in soql.order for sort in _sorts(view, term, aliased))
    where = _where(view, soql, limits)
    return Asked(Query(view, select, where, order or own_order(view), soql.limit, offset=soql.offset), found)


def _shown(view: View, item: Selected) -> list[tuple[Shown | Timed, Column]]:
    """The columns of an answer with rows that an expression gives, each with the column it is made of."""
    if item.node == STAR:
        return [(Shown(column.name, column), column) for column in view.columns]
    if isinstance(item.node, Call) and item.node.name in (*PARTS, *SPANS) and len(item.node.arguments) == 1:
        column = _column(view, item.node.arguments[0], "$select")
        if column.kind.family not in TIMES:
            raise UnknownOperator(f"`{column.name}` is {column.kind.name} and no time.", parameter="$select")
        name = item.alias or _default_name(item.node)
        return [(Timed(name, Shown(column.name, column), item.node.name), column)]
    column = _column(view, item.node, "$select")
    return [(Shown(item.alias or column.name, column), column)]


def _sorts(view: View, term: Ordered, aliased: dict[str, Column]) -> list[Sort]:
    if term.node == Name(ROW_ID):
        return [Sort(column, term.descending) for column in view.key]
    alias = aliased.get(term.node.name) if isinstance(term.node, Name) else None
    column = alias or _column(view, term.node, "$order")
    if column.kind.family is Family.NESTED:
        raise BadValue(f"`$order`: `{column.name}` holds lists or structures.", parameter="$order")
    return [Sort(column, term.descending)]


def _column(view: View, node: Node, parameter: str) -> Column:
    """The column of a name, which may be written in other cases."""
    if not isinstance(node, Name):
        raise BadValue(
            f"`{parameter}`: expected columns, in `$select` also {', '.join((*SPANS, *PARTS))} of them; "
            f"{', '.join(FIGURES)} are for groups. What else is to be reckoned can be asked in SQL, at /v1/sql.",
            parameter=parameter,
        )
    return known_column(view, node.name if view.column(node.name) else node.name.lower(), parameter)


def _where(view: View, soql: Soql, limits: Limits) -> tuple[Filter, ...]:
    """All conditions on rows."""

    def operand(node: Node) -> Operand[Condition] | None:
        if not isinstance(node, Name):
            return None
        column = _column(view, node, "$where")
        return Operand(column.name, column.kind, lambda operator, values: Condition(column, operator, values))

    reader = Conditions(operand, lambda name, text: whole_row(view, name, text), limits, "$where")
    found: list[Filter] = [reader.equal(name, text) for name, text in soql.filters]
    found += [whole_row(view, "q", soql.search)] if soql.search else []
    found += conjuncts(reader.read(soql.where)) if soql.where is not None else ()
    _require_few(found, limits)
    return tuple(found)


def _require_few(found: list[P | Junction[P]], limits: Limits) -> None:
    count = sum(1 for _ in leaves(found))
    if count > limits.max_conditions:
        raise TooManyConditions(f"{count} conditions were given, {limits.max_conditions} are allowed.")


def parse_groups(view: View, soql: Soql, limits: Limits) -> Asked[GroupedQuery]:
    """The groups asked for."""
    return _Groups(view, soql).parse(limits)


class _Groups:
    """The outputs of a question for groups: those that are shown, and those it is only ordered or filtered by."""

    def __init__(self, view: View, soql: Soql) -> None:
        self._view, self._soql = view, soql
        self._aliases = {item.alias: item.node for item in soql.select if item.alias}
        self._keys: dict[str, Key] = {}
        self._figures: dict[str, Figure] = {}

    def parse(self, limits: Limits) -> Asked[GroupedQuery]:
        """Keys first: whatever else is named must be one of them or be reckoned."""
        soql = self._soql
        if soql.distinct and (soql.group or any(_reckons(item.node) for item in soql.select)):
            raise BadValue("`$select`: groups differ already; leave `distinct` out.", parameter="$select")
        for node in [item.node for item in soql.select] if soql.distinct else soql.group:
            key = self._key(node, "$group")
            self._keys[key.name] = key
        shown: dict[str, tuple[Output, bool]] = {}
        for item in soql.select:
            name = item.alias or _default_name(item.node)
            if name in shown:
                raise BadValue(f"`$select`: `{name[:80]}` is named twice.", parameter="$select")
            node = self._meant(item.node)
            shown[name] = self._output(node, "$select"), isinstance(node, Call) and node.name == YEAR
        order = tuple(GroupSort(self._output(term.node, "$order"), term.descending) for term in soql.order)
        having = self._having(limits)
        shown = shown or {key.name: (key, False) for key in self._keys.values()}
        outputs = (*self._keys.values(), *self._figures.values())
        fields: list[Field] = []
        for name, (output, as_number) in shown.items():
            field = OutputField(name, output.kind, outputs.index(output))
            fields.append(Timed(name, field, YEAR) if as_number else field)
        query = GroupedQuery(
            self._view,
            tuple(self._keys.values()),
            tuple(self._figures.values()),
            _where(self._view, soql, limits),
            having,
            order,
            soql.limit,
            offset=soql.offset,
        )
        return Asked(query, tuple(fields))

    def _having(self, limits: Limits) -> tuple[Having | Junction[Having], ...]:
        if self._soql.having is None:
            return ()

        def operand(node: Node) -> Operand[Having] | None:
            if not (isinstance(node, Name) or _reckons(node) or (isinstance(node, Call) and node.name in SPANS)):
                return None
            output = self._output(node, "$having")
            return Operand(output.name, output.kind, lambda operator, values: Having(output, operator, values))

        found = list(conjuncts(Conditions(operand, None, limits, "$having").read(self._soql.having)))
        _require_few(found, limits)
        return tuple(found)

    def _output(self, node: Node, parameter: str) -> Output:
        """The output that an expression is. Raises BadValue where it is neither grouped by nor reckoned."""
        node = self._meant(node)
        if _reckons(node) and isinstance(node, Call):
            figure = self._figure(node, parameter)
            return self._figures.setdefault(figure.name, figure)
        key = self._key(node, parameter)
        if key.name not in self._keys:
            raise BadValue(
                f"`{parameter}`: `{key.column.name}` must be in `$group` or in one of {', '.join(FIGURES)}.",
                parameter=parameter,
            )
        return self._keys[key.name]

    def _meant(self, node: Node) -> Node:
        """What an alias stands for; a column goes before an alias of its name."""
        if isinstance(node, Name) and self._view.column(node.name) is None:
            return self._aliases.get(node.name, node)
        return node

    def _key(self, node: Node, parameter: str) -> Key:
        node = self._meant(node)
        bucket = bucket_of(node.name) if isinstance(node, Call) and len(node.arguments) == 1 else None
        if isinstance(node, Call) and bucket is not None:
            node = node.arguments[0]
        if not isinstance(node, Name):
            raise BadValue(
                f"`{parameter}`: expected columns, {', '.join((*SPANS, YEAR))} of them, or {', '.join(FIGURES)}. "
                "What else is to be reckoned can be asked in SQL, at /v1/sql.",
                parameter=parameter,
            )
        column = _column(self._view, node, parameter)
        if column.kind.family is Family.NESTED or (bucket and not bucket.fits(column.kind)):
            raise UnknownOperator(f"`{column.name}` is {column.kind.name} and is not grouped so.", parameter=parameter)
        return Key(column, bucket)

    def _figure(self, node: Call, parameter: str) -> Figure:
        if node.name == "count" and node.arguments in ((), (STAR,)) and not node.distinct:
            return Figure()
        if len(node.arguments) != 1 or (node.distinct and node.name != "count"):
            raise BadValue(f"`{parameter}`: `{node.name}` takes one column.", parameter=parameter)
        column = _column(self._view, node.arguments[0], parameter)
        measure = MEASURES["distinct" if node.distinct else node.name]
        if not measure.fits(column.kind):
            raise UnknownOperator(f"`{column.name}` is {column.kind.name} and has no {node.name}.", parameter=parameter)
        return Figure(measure, column)


def _default_name(node: Node) -> str:
    """The name of an expression that is given none."""
    if isinstance(node, Call):
        parts = [_default_name(part) for part in node.arguments if part != STAR]
        return "_".join([node.name, *parts])
    if isinstance(node, (Pair, Among, Negation, Both)):
        return "expression"
    return node.name if isinstance(node, Name) else node.text
