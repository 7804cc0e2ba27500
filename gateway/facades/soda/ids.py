"""Socrata's ids of datasets: four signs, a hyphen, four signs; derived from our own, and the same in every release."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from gateway.view.view import View

_ALPHABET = "23456789abcdefghijkmnpqrstuvwxyz"  # 32 signs that are not taken for one another


def four_by_four(dataset: str) -> str:
    """The id of a dataset."""
    number = int.from_bytes(hashlib.sha256(b"civiclake soda " + dataset.encode()).digest()[:5])
    signs = "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(8))
    return f"{signs[:4]}-{signs[4:]}"


def dataset_named(views: Iterable[View], resource: str) -> str | None:
    """The dataset that an id names, Socrata's or our own, among those that are seen."""
    return next((v.dataset for v in views if resource in (v.dataset, four_by_four(v.dataset))), None)
