"""Read a CivicLake city from Python: rows as Arrow, pandas or polars, files that resume, copies kept up to date."""

from civiclake_client.client import Client
from civiclake_client.dataset import Count, Dataset
from civiclake_client.link import Patience
from civiclake_client.problems import (
    BadRequestError,
    CivicLakeError,
    DamagedFileError,
    IncompleteError,
    MissingFileError,
    NotFoundError,
    NotPermittedError,
    ProblemError,
    QuotaExceededError,
    ReleaseMovedError,
    ServerFaultError,
    UnauthenticatedError,
    UnavailableError,
    UnreachableError,
)
from civiclake_client.result import Result
from civiclake_client.sync import Synced

__all__ = [
    "BadRequestError",
    "CivicLakeError",
    "Client",
    "Count",
    "DamagedFileError",
    "Dataset",
    "IncompleteError",
    "MissingFileError",
    "NotFoundError",
    "NotPermittedError",
    "Patience",
    "ProblemError",
    "QuotaExceededError",
    "ReleaseMovedError",
    "Result",
    "ServerFaultError",
    "Synced",
    "UnauthenticatedError",
    "UnavailableError",
    "UnreachableError",
]
