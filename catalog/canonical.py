"""One way to write JSON, so that the same content is the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel


def canonical_json(model: BaseModel) -> str:
    """`model` as JSON with sorted keys, two-space indent, Chinese as it is, one newline at the end."""
    content = model.model_dump(mode="json", by_alias=True)
    return json.dumps(content, ensure_ascii=False, sort_keys=True, indent=2) + "\n"


def write_json(model: BaseModel, path: Path) -> None:
    """Writes `canonical_json` to `path` as UTF-8."""
    path.write_text(canonical_json(model), encoding="utf-8", newline="\n")
