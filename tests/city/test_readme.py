"""What the README says to try is there."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.city.systems import ROOT

pytestmark = pytest.mark.slow(seconds=25)

_ADDRESS = re.compile(r"`(?:GET )?(/[^`]*)`")


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_every_address_is_answered(served: httpx.Client, name: str) -> None:
    addresses = _ADDRESS.findall((ROOT / name).read_text(encoding="utf-8"))
    assert addresses
    assert {address: served.get(address).status_code for address in addresses} == dict.fromkeys(addresses, 200)
