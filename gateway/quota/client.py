"""The address of a client, as far as it can be believed: what a trusted proxy adds, and nothing a client claims."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_HOME_PREFIX = 64  # an IPv6 household has a whole /64: addresses in it are one client


def client_address(peer: str | None, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The client behind the peer. `forwarded` are the values of X-Forwarded-For, in the order they came.

    Read from the right, each address is believed because the one to its right is a trusted proxy; the first that
    is no proxy of ours is the client. Without trusted proxies the header means nothing.
    """
    named = [part.strip() for value in forwarded for part in value.split(",")]
    client = _read(peer or "")
    while client is not None and named and any(_inside(client, network) for network in trusted):
        further = _read(named.pop())
        if further is None:
            break
        client = further
    return _group(client) if client is not None else "unknown"


def _read(text: str) -> Address | None:
    """An address, with or without port; None for anything else."""
    host = (
        text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0] if text.count(":") == 1 else text
    )
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _inside(address: Address, network: Network) -> bool:
    return address.version == network.version and address in network


def _group(address: Address) -> str:
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _HOME_PREFIX), strict=False))
    return str(address)
