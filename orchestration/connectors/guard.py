"""Where a feed may connect to: the configured host only, at an address that was checked at the moment of use.

A contract is text that people exchange, so its host must not lead into the platform's own network unless the
contract says `allow_private`.
"""

from __future__ import annotations

from pathlib import Path

from catalog.addresses import Address, Resolver, addresses_of, meant, refusal, system_resolver
from orchestration.connectors.errors import AddressRefusedError


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
        found = addresses_of(host, port, self._resolver)
        for address in found:
            self._check(address)
        return [str(address) for address in found]

    def refused(self, text: str, mend: str) -> AddressRefusedError:
        """An error that names the contract."""
        return AddressRefusedError(self._contract, self._key, text, mend)

    def _check(self, address: Address) -> None:
        why = refusal(address)
        if why == "unreachable":
            raise self.refused(
                f"{self.host} leads to {meant(address)}, which no feed may reach", "Configure the real host"
            )
        if why == "private" and not self._allow_private:
            mend = "Set `allow_private: true` in the transport if the department is inside this network"
            raise self.refused(f"{self.host} leads to the private address {meant(address)}", mend)
