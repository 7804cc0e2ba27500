"""Turns authored YAML into a typed model, or into problems that name line, key and mend."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterable
from typing import Any, TypeVar, Union

from pydantic import BaseModel, ValidationError

from catalog.errors import CatalogError, Problem
from catalog.yamlfile import Loc, YamlFile

ModelT = TypeVar("ModelT", bound=BaseModel)


def validate(model: type[ModelT], file: YamlFile) -> ModelT:
    """`file.data` as `model`; CatalogError with one problem per fault otherwise."""
    if not isinstance(file.data, dict):
        raise CatalogError.one(file.path, "the file is not a mapping", "Write `key: value` lines at the top level")
    try:
        return model.model_validate(file.data)
    except ValidationError as error:
        found = [dict(item) for item in error.errors()]
        raise CatalogError([_translate(model, file, item) for item in found if not _echo(item, found)]) from None


def problem_at(file: YamlFile, loc: Loc, text: str, mend: str) -> Problem:
    """A problem placed at the model path `loc` (custom properties may be named through `options`)."""
    place = _document_loc(file.data, loc)
    return Problem(file.path, file.line(place), readable(file.data, place), text, mend)


def readable(data: Any, loc: Iterable[str | int]) -> str:
    """`schema[ticket].properties[phone].classification`: list items by their name, else by number."""
    words: list[str] = []
    for part in loc:
        data = _step(data, part)
        if isinstance(part, int):
            item = data if isinstance(data, dict) else {}
            label = item.get("name") or item.get("property") or part
            words.append(f"[{label}]")
        else:
            words.append(f".{part}" if words else part)
    return "".join(words)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint ending in the known name closest to `name`, or in all known names when none is close."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean `{close[0]}`?" if close else f"known are: {', '.join(names) or 'none'}"


def _echo(item: dict[str, Any], found: list[dict[str, Any]]) -> bool:
    """A list called too short only because its faulty items were left out."""
    below = (other["loc"][: len(item["loc"])] == item["loc"] for other in found if other is not item)
    return item["type"] == "too_short" and bool(item["input"]) and any(below)


def _translate(model: type[BaseModel], file: YamlFile, error: dict[str, Any]) -> Problem:
    loc: Loc = tuple(error["loc"])
    kind, given = error["type"], error.get("input")
    if kind == "extra_forbidden":
        hint = nearest(str(loc[-1]), _keys_at(model, loc[:-1]))
        return problem_at(file, loc, "unknown key", f"Remove or rename it; {hint}")
    if kind == "missing":
        return problem_at(file, loc, "this key is required and is not there", _mend_missing(loc))
    text = str(error["msg"]).removeprefix("Value error, ")
    shown = "" if isinstance(given, dict | list) else f" (given: {given!r})"
    return problem_at(file, loc, text[:1].lower() + text[1:] + shown, "Write a value of this form")


def _mend_missing(loc: Loc) -> str:
    if len(loc) > 1 and loc[-2] == "options":
        return f"Add `- {{property: {loc[-1]}, value: …}}` under customProperties"
    return f"Add `{loc[-1]}:` here"


def _document_loc(data: Any, loc: Loc) -> Loc:
    """Where a model path lies in the document: `options` is spelt customProperties, union tags are no keys."""
    place: list[str | int] = []
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        if part == "options" and isinstance(data, dict) and "options" not in data:
            place.append("customProperties")
            data = data.get("customProperties", [])
        elif place and place[-1] == "customProperties" and isinstance(part, str):
            pairs = data if isinstance(data, list) else []
            found = [i for i, pair in enumerate(pairs) if isinstance(pair, dict) and pair.get("property") == part]
            if not found:
                return (*place, part)
            place += [found[0], "value"]
            data = pairs[found[0]].get("value")
        elif isinstance(data, dict) and part not in data and not last:
            continue
        else:
            place.append(part)
            data = _step(data, part)
    return tuple(place)


def _step(data: Any, part: str | int) -> Any:
    if isinstance(part, int):
        return data[part] if isinstance(data, list) and part < len(data) else None
    return data.get(part) if isinstance(data, dict) else None


def _keys_at(model: type[BaseModel], loc: Loc) -> set[str]:
    """Keys the authored object at `loc` may have."""
    candidates = [model]
    for part in loc:
        if isinstance(part, int):
            continue
        tagged = [c for c in candidates if part in _tags(c)]
        below = [
            m
            for c in candidates
            for name, f in c.model_fields.items()
            if part in (name, f.alias)
            for m in _models(f.annotation)
        ]
        candidates = tagged or below or candidates  # a key of a mapping of models is no field
    return {f.alias or name for c in candidates for name, f in c.model_fields.items() if name != "options"}


def _tags(model: type[BaseModel]) -> set[str]:
    kind = model.model_fields.get("kind")
    return set(typing.get_args(kind.annotation)) if kind else set()


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Model classes inside a field annotation (through unions, tuples and mappings)."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    origin = typing.get_origin(annotation)
    if origin in (Union, types.UnionType, tuple, dict, list, typing.Annotated):
        return [model for argument in typing.get_args(annotation) for model in _models(argument)]
    return []
