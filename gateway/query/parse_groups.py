"""From URL parameters to the grouped query, typed against a view as rows are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from gateway.problems import BadValue, TooManyConditions, UnknownOperator, UnknownOutput
from gateway.query.buckets import BUCKETS, buckets_of
from gateway.query.grouping import ROWS, Figure, GroupedQuery, GroupSort, Having, Key, Output
from gateway.query.measures import MEASURES, measures_of
from gateway.query.operators import EQUALS, OPERATORS, operators_of
from gateway.query.parse import SEPARATOR, Limits, conditions_and_rest, known_column, parse_limit, parse_values
from gateway.query.tree import Filter
from gateway.view.types import Family
from gateway.view.view import View

GROUP_RESERVED = ("group", "measure", "order", "limit", "cursor", "format", "bom", "release")
"""Parameters of the aggregate address besides `having`. A column of such a name is filtered as `name__eq=`."""
DISTINCT_RESERVED = ("column", "order", "limit", "cursor", "format", "bom", "release")
"""Parameters of the distinct address."""
FACETS_RESERVED = ("facets", "top", "own", "release")
"""Parameters of the facets address."""
DEFAULT_TOP = 10
"""Values of a facet unless told otherwise."""

_HAVING = "having"


def parse_groups(
    view: View, parameters: Sequence[tuple[str, str]], limits: Limits, default_limit: int | None
) -> GroupedQuery:
    """The groups that the parameters of the aggregate address ask of a view.

    Raises the problems of a parameter, column, measure, operator or value that cannot be used.
    """
    having = [text for name, text in parameters if name == _HAVING]
    rest = [(name, text) for name, text in parameters if name != _HAVING]
    given, where = conditions_and_rest(view, rest, GROUP_RESERVED, limits)
    if len(where) + len(having) > limits.max_conditions:
        count = len(where) + len(having)
        raise TooManyConditions(f"{count} conditions were given, {limits.max_conditions} are allowed.")
    keys = tuple(parse_key(view, name, "group") for name in _names(given.get("group")))
    figures = tuple(parse_figure(view, name) for name in _names(given.get("measure", ROWS)))
    if not keys and not figures:
        raise BadValue("`measure`: name a figure, or a column in `group`.", parameter="measure")
    outputs = _distinct([*keys, *figures])
    return GroupedQuery(
        view=view,
        keys=keys,
        figures=figures,
        where=where,
        having=tuple(_having(outputs, text, limits) for text in having),
        order=parse_group_order(outputs.values(), given.get("order")),
        limit=parse_limit(given.get("limit"), limits.max_rows, default_limit),
    )


def parse_distinct(
    view: View, parameters: Sequence[tuple[str, str]], limits: Limits, default_limit: int | None
) -> GroupedQuery:
    """The different values that the parameters of the distinct address ask for."""
    given, where = conditions_and_rest(view, parameters, DISTINCT_RESERVED, limits)
    if "column" not in given:
        raise BadValue("`column`: name the column whose values are asked for.", parameter="column")
    key = parse_key(view, given["column"], "column")
    return GroupedQuery(
        view=view,
        keys=(key,),
        figures=(),
        where=where,
        order=parse_group_order((key,), given.get("order")),
        limit=parse_limit(given.get("limit"), limits.max_rows, default_limit),
    )


@dataclass(frozen=True)
class Facets:
    """Some columns, for each the most frequent values among the rows that meet the conditions.

    Where `own` is false a column's values are counted as if no condition were about it.
    """

    keys: tuple[Key, ...]
    where: tuple[Filter, ...]
    top: int
    own: bool

    def queries(self, view: View) -> Iterator[GroupedQuery]:
        """One grouped query per column, the most frequent values first."""
        rows = Figure()
        for key in self.keys:
            where = self.where if self.own else tuple(c for c in self.where if c.names != (key.column.name,))
            order = (GroupSort(rows, descending=True),)
            yield GroupedQuery(view=view, keys=(key,), figures=(rows,), where=where, order=order, limit=self.top)


def parse_facets(view: View, parameters: Sequence[tuple[str, str]], limits: Limits, most: int) -> Facets:
    """The facets that the parameters ask for; at most `most` of them."""
    given, where = conditions_and_rest(view, parameters, FACETS_RESERVED, limits)
    names = _names(given.get("facets"))
    if not 1 <= len(names) <= most or len(set(names)) < len(names):
        raise BadValue(f"`facets`: expected 1 to {most} different columns, comma separated.", parameter="facets")
    own = given.get("own", "apply")
    if own not in ("apply", "ignore"):
        raise BadValue("`own`: expected apply or ignore.", parameter="own")
    keys = tuple(parse_key(view, name, "facets") for name in names)
    top = parse_limit(given.get("top"), limits.max_rows, DEFAULT_TOP, "top")
    return Facets(keys, where, top or DEFAULT_TOP, own == "apply")


def parse_key(view: View, name: str, parameter: str) -> Key:
    """A column to group by, or `column__bucket`."""
    column, bucket = view.column(name), None
    if column is None:
        stem, separator, suffix = name.rpartition(SEPARATOR)
        column = known_column(view, stem if separator and view.column(stem) else name, parameter)
        bucket = BUCKETS.get(suffix)
        if bucket is None or not bucket.fits(column.kind):
            fitting = [found.name for found in buckets_of(column.kind)]
            raise UnknownOperator(
                f"`{column.name}` is {column.kind.name} and has no time bucket `{suffix[:80]}`.",
                parameter=parameter,
                operators=fitting,
            )
    elif column.kind.family is Family.NESTED:
        raise BadValue(
            f"`{parameter}`: `{name}` holds lists or structures, which are not grouped.", parameter=parameter
        )
    return Key(column, bucket)


def parse_figure(view: View, name: str) -> Figure:
    """`count`, or `column__measure`."""
    if name == ROWS:
        return Figure()
    stem, separator, suffix = name.rpartition(SEPARATOR)
    column = known_column(view, stem if separator else name, "measure")
    measure = MEASURES.get(suffix)
    if measure is None or not measure.fits(column.kind):
        raise UnknownOperator(
            f"`{column.name}` is {column.kind.name} and has no measure `{suffix[:80]}`.",
            parameter="measure",
            operators=[found.name for found in measures_of(column.kind)],
        )
    return Figure(measure, column)


def parse_group_order(outputs: Collection[Output], text: str | None) -> tuple[GroupSort, ...]:
    """The order of groups, by names of outputs."""
    sorts: dict[str, GroupSort] = {}
    by_name = {output.name: output for output in outputs}
    for part in _names(text):
        name = part.removeprefix("-")
        if name in sorts:
            raise BadValue(f"`order` names `{name}` twice.", parameter="order")
        if name not in by_name:
            raise _unknown_output(by_name, name, "order")
        sorts[name] = GroupSort(by_name[name], descending=part.startswith("-"))
    return tuple(sorts.values())


def _having(outputs: dict[str, Output], text: str, limits: Limits) -> Having:
    name, equals, value = text.partition("=")
    output, operator = outputs.get(name), EQUALS
    if output is None:
        stem, separator, suffix = name.rpartition(SEPARATOR)
        output = outputs.get(stem) if separator else None
        if output is None:
            raise _unknown_output(outputs, stem if suffix in OPERATORS else name, _HAVING)
        operator = OPERATORS.get(suffix, EQUALS)
        if suffix not in OPERATORS or not operator.fits(output.kind):
            raise UnknownOperator(
                f"`{output.name}` is {output.kind.name} and has no operator `{suffix[:80]}`.",
                parameter=_HAVING,
                operators=[found.name for found in operators_of(output.kind)],
            )
    if not equals:
        raise BadValue("`having`: expected a condition such as count__ge=5.", parameter=_HAVING)
    return Having(output, operator, parse_values(operator, value, output.kind, limits, _HAVING))


def _names(text: str | None) -> list[str]:
    return text.split(",") if text else []


def _distinct(outputs: list[Output]) -> dict[str, Output]:
    by_name: dict[str, Output] = {}
    for output in outputs:
        if output.name in by_name:
            raise BadValue(f"`{output.name}` is asked for twice.", parameter="measure")
        by_name[output.name] = output
    return by_name


def _unknown_output(outputs: Collection[str], name: str, parameter: str) -> UnknownOutput:
    return UnknownOutput(
        f"The answer has no `{name[:80]}`: name one of `group` or `measure`.",
        parameter=parameter,
        outputs=list(outputs),
    )
