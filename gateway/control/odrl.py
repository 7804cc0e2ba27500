"""Grants in the words of ODRL 2.2 (JSON-LD): what anybody's machine can read, and no more than what is enforced.

Each permission is for one treatment: columns seen masked where they have a mask, and columns seen in clear. Columns
and rows refine the target, term and purpose constrain the rule. Nobody may pass the data on.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from typing import Any
from urllib.parse import quote

from gateway.control.tables.grants import GrantRow

MEDIA_TYPE = "application/ld+json"
PROFILE = "urn:civiclake:odrl:1"
CONTEXT: tuple[Any, ...] = (
    "http://www.w3.org/ns/odrl.jsonld",
    {"civiclake": "urn:civiclake:odrl:1:", "dcterms": "http://purl.org/dc/terms/"},
)
# Actions of ours that ODRL has a word for; the others are words of the profile.
_ACTIONS = {"read": "read", "aggregate": "aggregate"}


def agreement(row: GrantRow, owner: str | None, zone: tzinfo) -> dict[str, Any]:
    """A grant as an ODRL agreement; `owner` is the organisation that answers for the dataset, `zone` the city's."""
    holder = _uid("principal", row.principal) if row.principal else _uid("organisation", row.organisation or "")
    parts = (("masked", row.columns), ("clear", row.clear_columns))
    found: dict[str, Any] = {
        "@context": list(CONTEXT),
        "@type": "Agreement",
        "uid": _uid("grant", row.id),
        "profile": PROFILE,
        "dcterms:issued": _moment(row.created_at, zone),
        "dcterms:source": row.basis,
        "civiclake:statutory": row.statutory,
        "assigner": _uid("organisation", owner or "authority"),
        "assignee": holder,
        "permission": [_permission(row, treatment, columns, zone) for treatment, columns in parts if columns],
        "prohibition": [{"target": _uid("dataset", row.dataset), "action": "distribute"}],
    }
    if row.request is not None:
        found["civiclake:request"] = _uid("request", row.request)
    if row.revoked_at is not None:
        found["civiclake:revoked"] = _moment(row.revoked_at, zone)
    return found


def _permission(row: GrantRow, treatment: str, columns: Iterable[str], zone: tzinfo) -> dict[str, Any]:
    refinement = [
        _constraint("civiclake:column", "isAnyOf", list(columns)),
        _constraint("civiclake:treatment", "eq", treatment),
    ]
    for operand, part in (("civiclake:division", "divisions"), ("civiclake:organisation", "organisations")):
        if row.rows.get(part):
            refinement.append(_constraint(operand, "isAnyOf", list(row.rows[part])))
    for operator, part in (("gteq", "since"), ("lt", "until")):
        if row.rows.get(part):
            refinement.append(_constraint("civiclake:day", operator, _day(row.rows[part])))
    constraint = [
        _constraint("dateTime", "gteq", _moment(row.starts_at, zone)),
        _constraint("dateTime", "lt", _moment(row.expires_at, zone)),
    ]
    if row.purposes:
        constraint.append(_constraint("purpose", "isAnyOf", [f"civiclake:purpose-{name}" for name in row.purposes]))
    target = {"@type": "AssetCollection", "source": _uid("dataset", row.dataset), "refinement": refinement}
    actions = [_ACTIONS.get(action, f"civiclake:{action}") for action in row.actions]
    return {"target": target, "action": actions, "constraint": constraint}


def _constraint(left: str, operator: str, right: Any) -> dict[str, Any]:
    return {"leftOperand": left, "operator": operator, "rightOperand": right}


def _uid(kind: str, name: str) -> str:
    return f"urn:civiclake:{kind}:{quote(name, safe='')}"


def _moment(value: datetime, zone: tzinfo) -> dict[str, str]:
    return {"@value": value.astimezone(zone).isoformat(), "@type": "xsd:dateTime"}


def _day(value: date | str) -> dict[str, str]:
    return {"@value": str(value), "@type": "xsd:date"}
