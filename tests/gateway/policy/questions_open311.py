"""Random requests to the addresses below /open311/v2, sensible ones and nonsense."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from tests.gateway.policy.picks import Picks

_FIXED = ("services.json", "services.xml", "discovery.json", "discovery.xml?x=1", "requests.html", "services/x.json")
_CHOICES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("status", ("open", "closed", "open,closed", "x")),
    ("start_date", ("2026-01-10", "2026-01-10T00:00:00Z", "x")),
    ("end_date", ("2026-02-01",)),
    ("page", ("1", "2", "0")),
    ("page_size", ("3", "50")),
    ("radius", ("100",)),
)


def open311_address(picks: Picks) -> str:
    """An address."""
    rng, value = picks.rng, picks.value
    if rng.random() < 0.2:
        return f"/open311/v2/{rng.choice(_FIXED)}"
    suffix = rng.choice(("json", "json", "xml"))
    if rng.random() < 0.25:
        part, name = rng.choice((("requests", "case_no"), ("services", "kind")))
        return f"/open311/v2/{part}/{quote(str(value(name)), safe='')}.{suffix}"
    found = [(name, rng.choice(texts)) for name, texts in _CHOICES if rng.random() < 0.25]
    if rng.random() < 0.3:
        found.append(("service_code", str(value("kind"))))
    if rng.random() < 0.2:
        found.append(("service_request_id", f"{value('case_no')},{value('case_no')}"))
    return f"/open311/v2/requests.{suffix}?{urlencode(found)}"
