"""Reads one ODCS document into a FeedContract, or says line by line what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from catalog.contract.checks import check_contract
from catalog.contract.model import FeedContract
from catalog.errors import CatalogError
from catalog.validate import problem_at, validate
from catalog.yamlfile import read_yaml


def load_contract(path: Path) -> FeedContract:
    """The contract in `path`; CatalogError with every fault found, each with file, line, key and mend."""
    file = read_yaml(path)
    contract = validate(FeedContract, file)
    faults = check_contract(contract)
    if faults:
        raise CatalogError([problem_at(file, fault.loc, fault.text, fault.mend) for fault in faults])
    return contract
