"""The second opinion: what the engine's own parser makes of a question, held to lists of its own.

It reads both the caller's text and the SQL written from the checked tree. Both must be one SELECT of offered parts,
and they must say the same; else one parser understood something that the other did not.
"""

from __future__ import annotations

from typing import Any

import orjson

from gateway.problems import BadSql, SqlNotOffered
from gateway.sandbox.offered import Offered, offered
from gateway.sandbox.place import Place

_EMPTY: tuple[object, ...] = (None, "", [], False)
_DIFFERENT = (
    "The SQL can be read in two ways. Write it in the plainest form: INTERVAL 3 DAY, no signs before numbers that they "
    "do not change, CAST(… AS …)."
)


def require_same(asked: str, written: str, text: str, rules: Offered | None = None) -> None:
    """Check what the engine made of the caller's `text` and of what is to run, both as it serialised them (JSON).

    Raises BadSql or SqlNotOffered, with the place where it is known.
    """
    rules = rules or offered()
    try:
        first, second = _one_statement(asked, text), _one_statement(written, None)
        for tree in (first, second):
            _walk(tree, text if tree is first else None, rules)
        same = _plain(first) == _plain(second)
    except (
        RecursionError,
        orjson.JSONDecodeError,
    ) as error:  # the engine writes a number without end as no JSON has it
        raise BadSql("The SQL is nested too deeply, or has a number that is too large.") from error
    if not same:
        raise BadSql(_DIFFERENT)


def _one_statement(serialised: str, text: str | None) -> Any:
    """The tree of the only statement. A place is told where the caller's `text` was read."""
    found = orjson.loads(serialised)
    if found.get("error"):
        position = str(found.get("position", ""))
        if text is None or not position.isdecimal():
            raise BadSql("The SQL cannot be read.")
        raise BadSql("The SQL cannot be read here.", position=Place.at(text, min(int(position), len(text))).plain)
    if len(found["statements"]) != 1:
        raise SqlNotOffered("One statement can be asked at a time.")
    statement = found["statements"][0]
    if set(statement) - {"node", "named_param_map"} or statement.get("named_param_map"):
        raise SqlNotOffered("Values stand in the SQL itself: parameters are not offered.")
    return statement["node"]


def _walk(value: Any, text: str | None, rules: Offered) -> None:
    if isinstance(value, list):
        for part in value:
            _walk(part, text, rules)
    elif isinstance(value, dict):
        _require(value, text, rules)
        for part in value.values():
            _walk(part, text, rules)


def _require(node: dict[str, Any], text: str | None, rules: Offered) -> None:
    """Raise SqlNotOffered unless a node of the engine's tree is on the lists."""
    kind, name = node.get("type"), node.get("function_name")
    allowed = rules.engine.expressions if "class" in node else rules.engine.nodes
    if isinstance(kind, str) and kind not in allowed:
        raise _refused("This is not offered", node, text)
    if name and name not in rules.names and name not in rules.engine.operators:
        raise _refused("This function is not offered", node, text)
    if "id" in node and node["id"] not in rules.types.engine:
        raise _refused("This type is not offered", node, text)
    if any(node.get(part) not in _EMPTY for part in ("sample", "at_clause", "catalog", "catalog_name", "schema_name")):
        raise _refused("This is not offered", node, text)
    if node.get("schema") not in (*_EMPTY, "main"):  # which the engine itself gives to functions that are syntax
        raise _refused("This function is not offered", node, text)
    if kind == "STAR" and any(
        node.get(part) not in _EMPTY for part in ("expr", "replace_list", "rename_list", "unpacked")
    ):
        raise _refused("Of a star only EXCLUDE is offered", node, text)
    if len(node.get("column_names", ())) > 2:
        raise _refused("A column is named by itself, or after its table and a point", node, text)
    if kind == "SET_OPERATION_NODE" and node.get("setop_type") not in rules.engine.sets:
        raise _refused("This way of putting answers together is not offered", node, text)
    if kind == "JOIN" and node.get("ref_type") not in rules.engine.joins:
        raise _refused("This kind of join is not offered", node, text)


def _refused(detail: str, node: dict[str, Any], text: str | None) -> SqlNotOffered:
    where = node.get("query_location")
    known = text is not None and isinstance(where, int) and 0 <= where <= len(text.encode())
    if text is None or not known:
        return SqlNotOffered(detail + ".")
    before = text.encode()[:where].decode(errors="ignore")
    return SqlNotOffered(detail + " here.", position=Place.at(text, len(before)).plain)


def _plain(node: Any) -> Any:
    """A tree without what two ways of writing the same differ in: places, spellings of constants, IS NOT NULL."""
    if isinstance(node, list):
        return [_plain(part) for part in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") == "OPERATOR_IS_NOT_NULL":
        inner = {**node, "type": "OPERATOR_IS_NULL", "alias": ""}
        return _plain({**node, "type": "OPERATOR_NOT", "children": [inner]})
    if node.get("type") == "VALUE_CONSTANT":
        value = node["value"]
        return ["constant", node.get("alias"), value.get("is_null"), str(value.get("value")), _scale(value)]
    found = {name: _plain(part) for name, part in node.items() if name != "query_location"}
    if found.get("null_order") == "ORDER_DEFAULT":
        found["null_order"] = "NULLS LAST"
    return found


def _scale(value: dict[str, Any]) -> Any:
    return (value.get("type", {}).get("type_info") or {}).get("scale")
