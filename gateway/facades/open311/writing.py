"""Services and the door itself in the words of GeoReport, as JSON or XML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lxml import etree

from gateway.answers.json_rows import dumps

ROOT = "/open311/v2"
FORMS = {"json": "application/json", "xml": "application/xml"}
"""Media types by the ends of addresses."""
_SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
_UNFIT = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold


def service(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """One service; `names` are the parts that the values are of."""
    told = dict(zip(names, values, strict=True))
    code = told["service_code"]
    return {
        "service_code": code,
        "service_name": told.get("service_name") or code,
        "description": told.get("service_name") or code,
        "metadata": False,
        "type": "realtime",
        "keywords": "",
        "group": told.get("group") or "",
    }


def discovery(origin: str, contact: str, changed: datetime) -> dict[str, Any]:
    """What the door is, and where."""
    return {
        "changeset": changed.isoformat(),
        "contact": contact,
        "key_service": f"{origin}/",
        "endpoints": [
            {
                "specification": _SPECIFICATION,
                "url": f"{origin}{ROOT}",
                "changeset": changed.isoformat(),
                "type": "production",
                "formats": list(FORMS.values()),
            }
        ],
    }


def written(suffix: str, root: str, item: str, found: Any) -> bytes:
    """A list of things, or one, in the form of a suffix; `root` and `item` are names of elements."""
    return dumps(found) if suffix == "json" else _xml(root, item, found)


def refusal(document: Mapping[str, Any], suffix: str) -> tuple[int, bytes]:
    """Status and body for a problem document. GeoReport has a code and words, which say all there is to say."""
    words = f"{document['code']}: {document['detail']} {document['hint']} ({document['request_id']})"
    errors = [{"code": document["status"], "description": words}]
    return document["status"], written(suffix, "errors", "error", errors)


def _xml(root: str, item: str, found: Any) -> bytes:
    top = etree.Element(root)
    _fill(top, item, found)
    return etree.tostring(top, encoding="utf-8", xml_declaration=True)


def _fill(element: etree._Element, item: str, found: Any) -> None:
    """Members become elements of their names, those of a list of `item` or, inside, of its name without an s."""
    if isinstance(found, Mapping):
        for name, value in found.items():
            _fill(etree.SubElement(element, name), name.removesuffix("s"), value)
    elif isinstance(found, (list, tuple)):
        for value in found:
            _fill(etree.SubElement(element, item), item, value)
    elif found is not None:
        element.text = _UNFIT.sub("\ufffd", str(found).lower() if isinstance(found, bool) else str(found))
