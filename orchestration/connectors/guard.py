"""Where a feed may connect to: the configured host only, at an address that was checked at the moment of use.

A contract is text that people exchange, so its host must not lead into the platform's own network unless the
contract says `allow_private`. Names are resolved here and connections made to the checked address itself:
a name that changes its answer between check and connection (DNS rebinding) changes nothing.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from orchestration.connectors.errors import AddressRefusedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def system_resolver(host: str, port: int) -> list[str]:
    """All addresses of a host as the system knows them, in the system's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


class Guard:
    """The one host a feed may reach. `key` is the contract key that configures it."""

    def __init__(
        self, host: str, *, allow_private: bool, contract: Path, key: str, resolver: Resolver = system_resolver
    ) -> None:
        self.host = host.lower().strip("[]")
        self._allow_private = allow_private
        self._contract = contract
        self._key = key
        self._resolver = resolver

    def addresses(self, host: str, port: int) -> list[str]:
        """Addresses to connect to, every one checked; AddressRefusedError if the host or any address may not be."""
        host = host.lower().strip("[]")
        if host != self.host:
            raise self.refused(f"the source leads to another host, {host}", f"Only {self.host} is configured")
        try:
            found = [ipaddress.ip_address(host)]
        except ValueError:
            found = [ipaddress.ip_address(text) for text in self._resolver(host, port)]
        for address in found:
            self._check(address)
        return [str(address) for address in found]

    def refused(self, text: str, mend: str) -> AddressRefusedError:
        """An error that names the contract."""
        return AddressRefusedError(self._contract, self._key, text, mend)

    def _check(self, address: Address) -> None:
        address = _inner(address)
        reserved = address.is_reserved and not address.is_loopback  # ::1 counts as both
        if address.is_link_local or address.is_multicast or address.is_unspecified or reserved:
            raise self.refused(f"{self.host} leads to {address}, which no feed may reach", "Configure the real host")
        if not self._allow_private and not address.is_global:
            mend = "Set `allow_private: true` in the transport if the department is inside this network"
            raise self.refused(f"{self.host} leads to the private address {address}", mend)


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


@functools.cache
def _trust() -> ssl.SSLContext:
    """The certificates trusted; reading them takes longer than a page."""
    return httpx.create_ssl_context(trust_env=False)


class GuardedTransport(httpx.BaseTransport):
    """An HTTP transport that connects to checked addresses; TLS still verifies the host's name."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpx.HTTPTransport(verify=_trust(), trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send to the first checked address that accepts a connection."""
        host, port = request.url.host, request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            addresses = self._guard.addresses(host, port)
        except socket.gaierror as error:
            raise httpx.ConnectError(f"{host} cannot be resolved: {error.strerror}", request=request) from None
        named = request.url
        request.extensions = {**request.extensions, "sni_hostname": host}
        for position, address in enumerate(addresses, start=1):
            request.url = named.copy_with(host=address)
            try:
                return self._inner.handle_request(request)
            except httpx.ConnectError:
                if position == len(addresses):
                    raise
            finally:
                request.url = named
        raise httpx.ConnectError(f"{host} has no address", request=request)

    def close(self) -> None:
        """Close all connections."""
        self._inner.close()
