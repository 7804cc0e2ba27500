"""The filters of a dataset's page: a form of plain fields, whose names are those of the API's parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

from gateway.query.operators import operators_of
from gateway.query.parse import RESERVED, SEPARATOR
from gateway.query.search import searched
from gateway.view.types import Family
from gateway.view.view import Column, View

Given = Sequence[tuple[str, str]]
"""Parameters of the address; a form sends those of its empty fields as well, which ask for nothing."""

NOT_HERE = ("format", "bom", "total")
"""Parameters of rows that a page does not have."""
_FROM_TO = (("ge", "≥"), ("le", "≤"))
_INPUTS = {
    Family.INTEGER: 'type="number" step="1"',
    Family.DECIMAL: 'type="number" step="any"',
    Family.FLOAT: 'type="number" step="any"',
    Family.DATE: 'type="date"',
    Family.TIMESTAMP: 'type="datetime-local" step="1"',
    Family.TIME: 'type="time" step="1"',
}


def conditions_of(given: Given) -> list[tuple[str, str]]:
    """The parameters that are conditions."""
    return [(name, text) for name, text in given if name not in RESERVED]


def address(view: View, given: Given, *, without: tuple[str, str] | None = None, **changes: str) -> str:
    """The address of the page with these parameters, from its first row on unless a cursor is among the changes."""
    kept = [pair for pair in given if pair != without and pair[0] not in ("cursor", *changes)]
    asked = urlencode([*kept, *changes.items()])
    return f"/datasets/{view.dataset}" + (f"?{asked}" if asked else "")


def search_field(view: View, given: Mapping[str, str]) -> str:
    """The field of the search in all texts, where there are any."""
    if not searched(view):
        return ""
    return (
        f'<p class="search"><input type="search" name="q" value="{escape(given.get("q", ""))}" '
        'aria-label="搜索 search" placeholder="搜索所有文本 search all texts">'
        '<button><span lang="zh">搜索</span> search</button></p>'
    )


def filter_fields(view: View, given: Mapping[str, str]) -> tuple[str, set[str]]:
    """A field or two for each column that can be compared, and the names of these fields."""
    found = {column.name: _fields(column, given) for column in view.columns if not column.summed}
    names = {name for fields in found.values() for name in fields}
    blocks = []
    for column in view.columns:
        fields = found.get(column.name)
        if fields:
            legend = f'<span lang="zh">{escape(column.title.zh)}</span> {escape(column.title.en)}'
            blocks.append(f"<fieldset><legend>{legend}</legend><div>{''.join(fields.values())}</div></fieldset>")
    return "\n".join(blocks), names


def kept_fields(given: Given, shown: set[str]) -> str:
    """What the address asks besides the form, so that it is asked on."""
    hidden = [(name, text) for name, text in given if name not in (*shown, "q", "cursor")]
    return "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(text)}">' for name, text in hidden)


def chips(view: View, given: Given) -> str:
    """The conditions as they stand in the address, each a link that takes it away."""
    return "".join(
        f'<a href="{escape(address(view, given, without=pair))}" title="移除 remove">'
        f"{escape(f'{pair[0]}={pair[1]}')} ×</a>"
        for pair in conditions_of(given)
    )


def heads(view: View, columns: Sequence[Column], given: Given) -> str:
    """The heads of the columns; a link orders by its column, and the other way round when it does already."""
    order = dict(given).get("order", "")
    return "".join(f"<th>{_head(view, column, given, order)}</th>" for column in columns)


def _head(view: View, column: Column, given: Given, order: str) -> str:
    title = f'<span lang="zh">{escape(column.title.zh)}</span> {escape(column.title.en)}'
    if column.kind.family is Family.NESTED:
        return title
    mark = {column.name: " ↑", f"-{column.name}": " ↓"}.get(order, "")
    following = f"-{column.name}" if order == column.name else column.name
    on = ' class="on"' if mark else ""
    return f'<a{on} href="{escape(address(view, given, order=following))}">{title}{mark}</a>'


def _fields(column: Column, given: Mapping[str, str]) -> dict[str, str]:
    """The fields of a column by their names, which are parameters."""
    family, offered = column.kind.family, {operator.name for operator in operators_of(column.kind)}
    if family is Family.TEXT:
        name = f"{column.name}{SEPARATOR}icontains"
        return {name: _input(name, 'type="text"', given, "包含 contains")}
    if family is Family.BOOLEAN:
        name = f"{column.name}{SEPARATOR}eq"
        options = (("", "–"), ("true", "是 true"), ("false", "否 false"))
        shown = "".join(
            f'<option value="{value}"{" selected" if given.get(name, "") == value else ""}>{label}</option>'
            for value, label in options
        )
        return {name: f'<select name="{escape(name)}" aria-label="{escape(name)}">{shown}</select>'}
    names = {f"{column.name}{SEPARATOR}{operator}": sign for operator, sign in _FROM_TO if operator in offered}
    return {name: _input(name, _INPUTS[family], given, sign) for name, sign in names.items()}


def _input(name: str, kind: str, given: Mapping[str, str], hint: str) -> str:
    value = escape(given.get(name, ""))
    return f'<input {kind} name="{escape(name)}" value="{value}" placeholder="{hint}" aria-label="{escape(name)}">'
