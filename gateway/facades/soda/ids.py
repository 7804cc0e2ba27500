"""Socrata's ids of datasets: four signs, a hyphen, four signs; derived from our own, and the same in every release."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_ALPHABET = "23456789abcdefghijkmnpqrstuvwxyz"  # 32 signs that are not taken for one another


def four_by_four(dataset: str) -> str:
    """The id of a dataset."""
    number = int.from_bytes(hashlib.sha256(b"civiclake soda " + dataset.encode()).digest()[:5])
    signs = "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(8))
    return f"{signs[:4]}-{signs[4:]}"


def dataset_named(datasets: Iterable[str], resource: str) -> str | None:
    """The dataset that an id names, Socrata's or our own."""
    return next((dataset for dataset in datasets if resource in (dataset, four_by_four(dataset))), None)
