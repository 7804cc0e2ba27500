"""Which network addresses a text from outside may lead to: names resolved, addresses judged at the moment of use."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
Refusal = Literal["unreachable", "private"]
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def system_resolver(host: str, port: int) -> list[str]:
    """All addresses of a host as the system knows them, in the system's order. Raises socket.gaierror."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


def addresses_of(host: str, port: int, resolver: Resolver = system_resolver) -> list[Address]:
    """The addresses of a host: itself where it is one, else what the resolver says."""
    try:
        return [ipaddress.ip_address(host.strip("[]"))]
    except ValueError:
        return [ipaddress.ip_address(text) for text in resolver(host, port)]


def meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def refusal(address: Address) -> Refusal | None:
    """Why an address is not one of the public network: `unreachable` ones nobody may lead to, `private` ones with
    leave; None for a public one."""
    address = meant(address)
    reserved = address.is_reserved and not address.is_loopback  # ::1 counts as both
    if address.is_link_local or address.is_multicast or address.is_unspecified or reserved:
        return "unreachable"
    return None if address.is_global else "private"


def lies_in(address: Address, networks: Iterable[Network]) -> bool:
    """Whether an address, or the one it stands for, belongs to one of the networks."""
    address = meant(address)
    return any(address in network for network in networks)
