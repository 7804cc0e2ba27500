"""`$apply`: a filter, then groups with their measures, as a grouped query whose outputs have names of the caller's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from gateway.answers.fields import fields_of
from gateway.facades.numbers import fitted
from gateway.facades.odata.conditions import Conditions, Test
from gateway.facades.odata.model import Written
from gateway.facades.odata.parse import Bounds, condition, known_property, order_terms, require_few, wanted
from gateway.facades.odata.syntax import Expression
from gateway.facades.reading import ReadError
from gateway.problems import BadValue, UnknownOperator, UnknownOutput
from gateway.query.grouping import Figure, GroupedQuery, GroupSort, Having, Key, Output
from gateway.query.logic import Junction, conjuncts
from gateway.query.measures import MEASURES, measures_of
from gateway.query.operators import FLAG, OPERATORS, Arity, operators_of
from gateway.query.tree import Filter
from gateway.view.types import Family
from gateway.view.view import View

_PARAMETER = "$apply"
_METHODS = {"sum": "sum", "average": "avg", "min": "min", "max": "max", "countdistinct": "distinct"}


@dataclass(frozen=True)
class Grouped:
    """A grouped query, and the names of its outputs in their order."""

    query: GroupedQuery
    names: tuple[str, ...]

    def fields(self, query: GroupedQuery) -> tuple[Written, ...]:
        """The columns of its answer; `query` is it as it may be answered."""
        return tuple(Written(name, found) for name, found in zip(self.names, fields_of(query), strict=True))


@dataclass
class _Found:
    where: tuple[Filter, ...] = ()
    keys: dict[str, Key] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)


def parse_groups(view: View, given: Mapping[str, str], bounds: Bounds) -> Grouped:
    """The groups that `$apply` asks for; `$filter` and `$orderby` are about them."""
    try:
        found = _transformations(view, given[_PARAMETER], bounds)
    except ReadError as error:
        raise BadValue(f"`{_PARAMETER}`: {error}.", parameter=_PARAMETER) from error
    outputs: dict[str, Output] = {**found.keys, **found.figures}
    if len(outputs) < len(found.keys) + len(found.figures) or len(set(outputs.values())) < len(outputs):
        raise BadValue(f"`{_PARAMETER}`: a column of the answer is asked for twice.", parameter=_PARAMETER)
    asked = wanted(given, bounds)
    query = GroupedQuery(
        view=view,
        keys=tuple(found.keys.values()),
        figures=tuple(found.figures.values()),
        where=found.where,
        having=_having(outputs, given, bounds),
        order=_order(outputs, given.get("$orderby")),
        limit=bounds.page if asked.top is None else min(max(asked.top, 1), bounds.page),
        offset=asked.skip,
    )
    return Grouped(query, tuple(outputs))


def _transformations(view: View, text: str, bounds: Bounds) -> _Found:
    reader, found = Expression(text), _Found()
    while reader.skip("filter", "("):
        begin = reader.next.begin
        reader.condition()
        end = reader.next.begin
        reader.expect(")")
        found.where += condition(view, text[begin:end], bounds, _PARAMETER)
        require_few(found.where, bounds)
        reader.expect("/")
    if reader.skip("groupby", "("):
        reader.expect("(")
        for name in reader.names():
            column = known_property(view, name, _PARAMETER)
            if column.kind.family is Family.NESTED:
                raise BadValue(f"`{_PARAMETER}`: `{name}` is not grouped by.", parameter=_PARAMETER)
            found.keys[name] = Key(column)
        if reader.skip(",", "aggregate", "("):
            _aggregate(view, reader, found)
        reader.expect(")")
    else:
        if not reader.skip("aggregate", "("):
            raise reader.unexpected("filter, groupby or aggregate")
        _aggregate(view, reader, found)
    reader.at_end()
    return found


def _aggregate(view: View, reader: Expression, found: _Found) -> None:
    """Measures between commas; the opening bracket is passed."""
    while True:
        name = reader.name()
        figure = Figure() if name == "$count" else _figure(view, name, reader)
        reader.expect("as")
        alias = reader.name()
        if alias in found.figures:
            raise BadValue(f"`{_PARAMETER}`: `{alias}` is asked for twice.", parameter=_PARAMETER)
        found.figures[alias] = figure
        if not reader.skip(","):
            break
    reader.expect(")")


def _figure(view: View, name: str, reader: Expression) -> Figure:
    column = known_property(view, name, _PARAMETER)
    reader.expect("with")
    method = reader.name()
    measure = MEASURES.get(_METHODS.get(method, ""))
    if measure is None or not measure.fits(column.kind):
        fitting = {found.name for found in measures_of(column.kind)}
        raise UnknownOperator(
            f"`{name}` is {column.kind.name} and has no measure `{method[:80]}`.",
            parameter=_PARAMETER,
            operators=[word for word, ours in _METHODS.items() if ours in fitting],
        )
    return Figure(measure, column)


def _having(
    outputs: Mapping[str, Output], given: Mapping[str, str], bounds: Bounds
) -> tuple[Having | Junction[Having], ...]:
    if "$filter" not in given:
        return ()
    try:
        node = Expression(given["$filter"]).whole()
    except ReadError as error:
        raise BadValue(f"`$filter`: {error}.", parameter="$filter") from error
    found = conjuncts(Conditions(partial(_tested, outputs), "$filter").condition(node))
    require_few(found, bounds)
    return found


def _tested(outputs: Mapping[str, Output], test: Test) -> Having | Junction[Having]:
    output = _output(outputs, test.name, "$filter")

    def make(name: str, *texts: str) -> Having:
        operator = OPERATORS[name]
        if not operator.fits(output.kind):
            fitting = [fits.name for fits in operators_of(output.kind)]
            raise UnknownOperator(f"`{test.name}` has no operator `{name}`.", parameter="$filter", operators=fitting)
        kind = FLAG if operator.arity is Arity.FLAG else output.kind
        try:
            return Having(output, operator, tuple(kind.parse(text) for text in texts))
        except ValueError as error:
            raise BadValue(f"`$filter`: `{test.name}`: {error}.", parameter="$filter") from error

    if len(test.texts) == 1:
        return fitted(output.kind, test.operator, test.texts[0], make)
    return make(test.operator, *test.texts)


def _order(outputs: Mapping[str, Output], text: str | None) -> tuple[GroupSort, ...]:
    if text is None:
        return ()
    terms = dict(order_terms(text))
    return tuple(
        GroupSort(_output(outputs, name, "$orderby"), descending, nulls_first=not descending)
        for name, descending in terms.items()
    )


def _output(outputs: Mapping[str, Output], name: str, parameter: str) -> Output:
    if name not in outputs:
        raise UnknownOutput(f"The answer has no `{name[:80]}`.", parameter=parameter, outputs=list(outputs))
    return outputs[name]
