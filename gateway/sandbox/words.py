"""What a sandbox found wrong with a question, in words for its caller: never the engine's."""

from __future__ import annotations

from sqlglot import exp

from catalog.policy.model import SqlLimits
from gateway.problems import BadSql, Problem, QueryTooLarge
from gateway.sandbox.place import position_of
from gateway.sandbox.pool import FailedError

_SAID = {
    "group": "A column that stands beside aggregates must stand in GROUP BY, too.",
    "ambiguous": "A name stands for columns of two tables: write the name of the table and a point before it.",
    "unknown": "A name is not known at its place: it belongs to a table of another part of the question.",
    "aggregate": "An aggregate or a window stands where none may: HAVING filters groups, QUALIFY filters by windows.",
    "function": "A function does not take so many values, or values of these types: CAST gives them another type.",
    "types": "Values of different types are compared or combined: CAST gives one the type of the other.",
    "scalar": "A subquery that stands for one value gives more than one row or column.",
    "width": "The parts of UNION, EXCEPT and INTERSECT need equally many columns.",
    "value": "A value cannot be read as the type it is needed as, or has too many digits: TRY_CAST gives NULL instead.",
    "twice": "Two columns of the answer have the same name: give one another name with AS.",
}
_OTHER = "The engine cannot work this out. Compare names, types and brackets with what is offered."


def problem_of(failure: FailedError, tree: exp.Query, text: str, limits: SqlLimits) -> Problem:
    """The problem a failure is to the caller, with the place of a name the engine spoke of where there is one."""
    if failure.code == "memory":
        return QueryTooLarge(
            f"The question needs more than {limits.memory_megabytes} MB: name fewer columns, or leave out rows."
        )
    if failure.code == "bytes":
        return QueryTooLarge(f"The answer has more than {limits.answer_megabytes} MB: ask for fewer rows or columns.")
    spoken_of = {name.lower() for name in failure.names}
    named = (node for node in tree.find_all(exp.Identifier) if node.name.lower() in spoken_of)
    first = next(named, None)
    return BadSql(_SAID.get(failure.code, _OTHER), **({} if first is None else position_of(first, text)))
