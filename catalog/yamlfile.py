"""Reads a YAML file into plain data and remembers the line of every key, so that errors can name it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogError

if TYPE_CHECKING:
    from ruamel.yaml import YAML

Loc = tuple[str | int, ...]


@dataclass(frozen=True)
class YamlFile:
    """Parsed YAML: `data` is made of dict, list and scalars; `lines` maps a path of keys and indexes to a line."""

    path: Path
    data: Any
    lines: dict[Loc, int]

    def line(self, loc: Sequence[str | int]) -> int | None:
        """1-based line of `loc`, or of its nearest ancestor that the file has."""
        place = tuple(loc)
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)


def read_yaml(path: Path) -> YamlFile:
    """The file as data and lines; CatalogError when it is missing, not UTF-8 or not YAML."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CatalogError.one(path, "the file does not exist", "Create it, or correct the path") from None
    except UnicodeDecodeError as error:
        raise CatalogError.one(path, f"not UTF-8 at byte {error.start}", "Save the file as UTF-8") from None
    try:
        try:
            node, data = _parsed(YAML(typ="safe"), text)
        except YAMLError:  # the parser in C is older and says less: what it refuses, the other one judges
            node, data = _parsed(YAML(typ="safe", pure=True), text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        text = (error.problem or error.context or "not YAML").splitlines()[0]
        raise CatalogError.one(path, text, "Correct the YAML at this line", line=line) from None
    except YAMLError as error:
        raise CatalogError.one(path, f"not YAML: {error}", "Remove the characters YAML does not allow") from None
    lines: dict[Loc, int] = {}
    if node is not None:
        _note_lines(node, (), lines)
    return YamlFile(path, data, lines)


def _parsed(yaml: YAML, text: str) -> tuple[Any, Any]:
    node = yaml.compose(text)
    return node, None if node is None else yaml.constructor.construct_document(node)


def _note_lines(node: Any, loc: Loc, lines: dict[Loc, int]) -> None:
    """Records the line of `node` (a mapping entry counts from its key) and of everything below it."""
    lines.setdefault(loc, node.start_mark.line + 1)
    if node.id == "mapping":
        for key, value in node.value:
            lines[(*loc, str(key.value))] = key.start_mark.line + 1
            _note_lines(value, (*loc, str(key.value)), lines)
    elif node.id == "sequence":
        for index, item in enumerate(node.value):
            _note_lines(item, (*loc, index), lines)
