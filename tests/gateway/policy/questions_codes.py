"""Random requests to the addresses below /v1/codes: codes of things, other codes of them, and nonsense."""

from __future__ import annotations

from urllib.parse import quote

from tests.gateway.policy.picks import Picks

_SOUND = ("110105P10101000000123U", "110105p10101000000123u", "110105P10101000000123V", "x", "%2e", "C00004/qr/x")


def codes_address(picks: Picks) -> str:
    """An address."""
    rng, value = picks.rng, picks.value
    name = rng.choice(("case_no", "case_no", "case_no", "kind", "phone", "phone", "note", picks.column()))
    code = quote(str(value(name)), safe="") if rng.random() < 0.9 else rng.choice(_SOUND)
    return f"/v1/codes/{code or 'x'}{rng.choice(('', '', '', '/qr'))}{rng.choice(('', '', '?release=1', '?x=1'))}"
