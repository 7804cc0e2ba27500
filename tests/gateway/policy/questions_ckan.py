"""Random requests to CKAN's actions, sensible ones and nonsense."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from gateway.facades.ckan.packages import ROWS, resource_id
from tests.gateway.policy.picks import Picks

_ROOT = "/api/3/action/"
_FIXED = (
    "site_read", "status_show", "package_list", "current_package_list_with_resources", "organization_list",
    "organization_list?all_fields=true", "group_list?all_fields=true", "tag_list", "nothing", "help_show?name=tag_show",
    "package_search?q=street", "package_search?fq=res_format:CSV&sort=metadata_modified+desc", "package_search?q=(",
    'package_search?facet.field=["organization","tags","res_format"]&rows=1', "group_show?id=x&include_datasets=true",
)  # fmt: skip


def ckan_address(picks: Picks) -> str:
    """An address."""
    rng, dataset, column, value = picks.rng, picks.dataset, picks.column, picks.value
    if rng.random() < 0.2:
        return _ROOT + rng.choice(_FIXED)
    resource = rng.choice((dataset, resource_id(dataset, ROWS), resource_id(dataset, f"{dataset}.csv")))
    if rng.random() < 0.2:
        action = rng.choice(("package_show", "resource_show", "datastore_info"))
        return f"{_ROOT}{action}?{urlencode({'id': resource})}"
    name = column()
    found: dict[str, str] = {}
    if rng.random() < 0.5:
        values = value(name) if rng.random() < 0.7 else [value(name), value(name), None]
        found["filters"] = json.dumps({name: values}, default=str)
    if rng.random() < 0.2:
        found["q"] = json.dumps({name: str(value(name))}) if rng.random() < 0.5 else str(value(name))
    if rng.random() < 0.3:
        found["fields"] = ",".join(f'"{n}"' for n in (name, column()))
    if rng.random() < 0.3:
        found["sort"] = f'"{column()}" {rng.choice(("asc", "desc", "up"))}'
    if rng.random() < 0.3:
        found["distinct"] = "true"
    found |= {n: rng.choice(("0", "1", "5", "70", "x")) for n in ("limit", "offset") if rng.random() < 0.4}
    if rng.random() < 0.2:
        return f"/datastore/dump/{resource}?{urlencode(found | {'format': rng.choice(('csv', 'tsv', 'json', 'x'))})}"
    found |= {"resource_id": resource, "records_format": rng.choice(("objects", "lists", "csv", "tsv"))}
    return f"{_ROOT}datastore_search?{urlencode(found)}"
