"""What a CKAN action is given: texts of an address, or values of a JSON body, read alike. A number is its text."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from gateway.facades.reading import ReadError, exact_json
from gateway.problems import BadValue, UnknownParameter

_TRUE, _FALSE = ("true", "yes", "on", "t", "1"), ("false", "no", "off", "f", "0", "")


@dataclass(frozen=True)
class Parameters:
    """The parameters of an action by name. What is null was not given."""

    given: Mapping[str, Any]

    @classmethod
    def of_body(cls, body: bytes) -> Parameters:
        """Those of a JSON object, or of nothing. Raises BadValue."""
        try:
            found = exact_json(body) if body.strip() else {}
        except ReadError:
            raise BadValue("The body is no JSON.") from None
        if not isinstance(found, dict):
            raise BadValue("The body must be a JSON object.")
        return cls({name: value for name, value in found.items() if value is not None})

    def only(self, names: Collection[str]) -> None:
        """Raises UnknownParameter for one that is none of these."""
        for name in self.given:
            if name not in names:
                raise UnknownParameter(f"There is no parameter `{name[:80]}` here.", parameter=name[:80])

    def has(self, name: str) -> bool:
        """Whether it was given."""
        return name in self.given

    def text(self, name: str, default: str | None = None) -> str | None:
        """A text, or a number as it is written."""
        value = self.given.get(name, default)
        if value is None or isinstance(value, str):
            return value
        raise BadValue(f"`{name}`: expected a text.", parameter=name)

    def required(self, name: str) -> str:
        """A text that must be there."""
        found = self.text(name)
        if not found:
            raise BadValue("Missing value", parameter=name)
        return found

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from 0 to `most`."""
        text = self.text(name)
        if text is None or text == "":
            return default
        if not (text.isascii() and text.isdecimal() and len(text) < 12 and int(text) <= most):
            raise BadValue(f"`{name}`: expected a whole number from 0 to {most}.", parameter=name)
        return int(text)

    def flag(self, name: str, default: bool) -> bool:
        """Yes or no, in any of the ways CKAN takes it."""
        value = self.given.get(name, default)
        text = str(value).lower()
        if text not in _TRUE + _FALSE:
            raise BadValue(f"`{name}`: expected true or false.", parameter=name)
        return text in _TRUE

    def names(self, name: str) -> list[str] | None:
        """A list of texts: as JSON, or comma separated; None where it was not given."""
        value = self.given.get(name)
        if isinstance(value, str):
            value = _json(value, name) if value.lstrip().startswith("[") else [part.strip() for part in _split(value)]
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise BadValue(f"`{name}`: expected names, comma separated or as a JSON list.", parameter=name)
        return value

    def members(self, name: str) -> dict[str, Any]:
        """A JSON object."""
        value = self.given.get(name, {})
        if isinstance(value, str):
            value = _json(value or "{}", name)
        if not isinstance(value, dict):
            raise BadValue(f"`{name}`: expected a JSON object.", parameter=name)
        return value

    def query(self, **changes: Any) -> str:
        """All of them as the query of an address, some changed; None leaves one out."""
        merged = {**self.given, **changes}
        return urlencode({name: _written(value) for name, value in merged.items() if value is not None})


def _split(text: str) -> list[str]:
    """Comma separated names, each of which may stand in double quotes."""
    return [part.strip('"') for part in re.findall(r'\s*("[^"]*"|[^,"]+)\s*', text)]


def _json(text: str, name: str) -> Any:
    try:
        return exact_json(text)
    except ReadError:
        raise BadValue(f"`{name}`: expected JSON.", parameter=name) from None


def _written(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
