"""Parts of texts, found by an index of three signs at a time: which questions it answers, and by which signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from catalog.release import LOOK_UP_ROW, look_up_table, search_table
from gateway.lookup.plan import Known, is_held, is_in_clear, quoted
from gateway.query.tree import Condition, Query

_SIGNS = 3  # FTS5's trigram tokenizer
_MOST = 5  # signs in threes that are asked together: the rarest few leave hardly any row
_FEW_ROWS = 20_000  # as many as may have to be looked at, which takes a tenth of a second


def sought(query: Query, known: Known) -> Condition | None:
    """The only condition of a question, where it is one that the index answers: part of a text, in the order of the
    key, with some signs that not many rows have. For others the engine is quicker: its page is full soon."""
    part = query.where[0] if len(query.where) == 1 else None
    if not isinstance(part, Condition) or part.operator.name != "contains" or part.negated:
        return None
    key = [column.name for column in query.view.key]
    in_order = [sort.column.name for sort in query.order] == key[: len(query.order)]
    if not in_order or any(sort.descending for sort in query.order) or not is_in_clear(query):
        return None
    common = known.searched.get(part.column.name)
    if common is None or not is_held(without(query), known):
        return None
    signs = _signs(str(part.values[0]), common)
    if not signs or common.get(signs[0], 0) > _FEW_ROWS:
        return None
    return part


def without(query: Query) -> Query:
    """The question without its condition, which the relation of `relation_of` meets."""
    return replace(query, where=())


def relation_of(dataset: str, column: str) -> str:
    """The rows of a dataset that hold `:part` in a column, of those that the index gives for `:signs`, in its order."""
    index, rows = quoted(search_table(dataset, column)), quoted(look_up_table(dataset))
    text = f"json_extract(CAST({rows}.{quoted(LOOK_UP_ROW)} AS TEXT), :path)"
    return (
        f"SELECT {rows}.* FROM {index} CROSS JOIN {rows} ON {rows}.rowid = {index}.rowid "
        f"WHERE {index} MATCH :signs AND instr({text}, :part) > 0"
    )


def binds_of(part: Condition, known: Known) -> dict[str, str]:
    """The values of `:part`, `:signs` and `:path`."""
    text, name = str(part.values[0]), part.column.name
    signs = _signs(text, known.searched[name])[:_MOST]
    asked = " AND ".join('"' + found.replace('"', '""') + '"' for found in signs)
    return {"part": text, "signs": asked, "path": f'$."{name}"'}


def _signs(text: str, common: Mapping[str, int]) -> list[str]:
    """The signs of a text, in threes, those that the fewest rows have first."""
    if "\0" in text:
        return []
    signs = {text[place : place + _SIGNS] for place in range(len(text) - _SIGNS + 1)}
    return sorted(signs, key=lambda found: (common.get(found, 0), found))
