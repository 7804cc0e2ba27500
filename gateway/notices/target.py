"""Where webhooks may go: https to public addresses, and into networks the operator named; judged at every use."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

import httpx

from catalog.addresses import Address, Network, Resolver, addresses_of, lies_in, meant, refusal, system_resolver
from catalog.guarded_http import Judge, port_of
from gateway.control.errors import ControlError

_LONGEST, _LAST_PORT = 2000, 65_535
_LOOPBACK: tuple[Network, ...] = (ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1/128"))
_ELSEWHERE = "target: the host leads to an address that webhooks may not go to"


class TargetRefusedError(ControlError):
    """An address that no webhook may go to; the text does not say what the host's name leads to."""


class Targets:
    """Judges targets. `networks` are private ones that may be reached; only loopback among them without TLS."""

    def __init__(self, networks: Sequence[Network], resolver: Resolver = system_resolver) -> None:
        self._networks, self._resolver = networks, resolver

    def check(self, text: str) -> str:
        """The target as it will be used. Blocks. TargetRefusedError says what is wrong with it."""
        try:
            url = httpx.URL(text)
        except httpx.InvalidURL:
            raise TargetRefusedError("target: expected an address such as https://example.org/events") from None
        known = url.scheme in ("https", "http") and url.host and 0 < port_of(url) <= _LAST_PORT
        if not known or len(text) > _LONGEST:
            raise TargetRefusedError("target: expected an address such as https://example.org/events")
        if url.userinfo or url.fragment:
            raise TargetRefusedError("target: an address without user, password and fragment")
        try:
            self.judge(url.scheme)(url.host, port_of(url))
        except socket.gaierror:
            raise TargetRefusedError("target: the host cannot be resolved") from None
        return str(url)

    def judge(self, scheme: str) -> Judge:
        """Gives the addresses of a host when each of them may be reached under the scheme; TargetRefusedError else."""
        allowed: Callable[[Address], bool] = self._reachable if scheme == "https" else self._trial

        def judged(host: str, port: int) -> list[str]:
            found = addresses_of(host, port, self._resolver)
            if not found or not all(allowed(address) for address in found):
                raise TargetRefusedError(_ELSEWHERE if scheme == "https" else "target: only https is possible")
            return [str(address) for address in found]

        return judged

    def _reachable(self, address: Address) -> bool:
        why = refusal(address)
        return why is None or (why == "private" and lies_in(address, self._networks))

    def _trial(self, address: Address) -> bool:
        return lies_in(address, _LOOPBACK) and lies_in(meant(address), self._networks)
