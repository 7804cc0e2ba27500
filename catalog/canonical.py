"""One way to write JSON, so that the same content is the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel


def canonical_json(model: BaseModel) -> bytes:
    """`model` as JSON in UTF-8 with sorted keys, two-space indent, Chinese as it is, one newline at the end."""
    import orjson

    how = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(model.model_dump(mode="json", by_alias=True), option=how)


def write_json(model: BaseModel, path: Path) -> None:
    """Writes `canonical_json` to `path`."""
    path.write_bytes(canonical_json(model))
