"""Where one city's state lives on disk: every path of a workspace, and nothing but paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """Paths below `home`; creating and filling them is the business of whoever writes there."""

    home: Path

    @property
    def city(self) -> Path:
        """One-line file naming the city whose state this is."""
        return self.home / "city"

    @property
    def landing_objects(self) -> Path:
        """Content-addressed bytes exactly as received."""
        return self.home / "landing" / "objects"

    @property
    def landing_ledger(self) -> Path:
        """SQLite ledger of receipts and batches."""
        return self.home / "landing" / "landing.sqlite"

    @property
    def lake_catalog(self) -> Path:
        """DuckLake catalog (SQLite)."""
        return self.home / "lake" / "catalog.sqlite"

    @property
    def lake_data(self) -> Path:
        """Parquet files of the lake."""
        return self.home / "lake" / "data"

    @property
    def dbt(self) -> Path:
        """The assembled dbt project."""
        return self.home / "dbt"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME of this city."""
        return self.home / "dagster"

    @property
    def releases(self) -> Path:
        """Immutable releases, one folder each."""
        return self.home / "releases"

    @property
    def current(self) -> Path:
        """One-line file naming the current release; replaced atomically."""
        return self.releases / "CURRENT"

    @property
    def breaches(self) -> Path:
        """What runs held or blocked, one file each; the gateway tells subscribers of it."""
        return self.home / "breaches"

    @property
    def departments(self) -> Path:
        """State of simulated department systems (demonstration only)."""
        return self.home / "departments"

    @property
    def extensions(self) -> Path:
        """DuckDB extension directory: links to the files inside the installed wheels."""
        return self.home / "extensions"

    @property
    def pseudonym_key(self) -> Path:
        """Secret from which pseudonyms are made, readable by its user only; demonstrations have none."""
        return self.home / "pseudonym.key"

    @property
    def policy(self) -> Path:
        """The city's compiled policy in force; replaced atomically."""
        return self.home / "policy.json"

    @property
    def control(self) -> Path:
        """SQLite control store of the gateway (unless a URL names another database)."""
        return self.home / "control" / "control.sqlite"

    @property
    def audit(self) -> Path:
        """SQLite audit log of the gateway (unless a URL names another database), apart from the control store."""
        return self.home / "control" / "audit.sqlite"

    @property
    def cache(self) -> Path:
        """What the gateway has made from releases and can make again; may be emptied while it is stopped."""
        return self.home / "cache"

    @property
    def seals(self) -> Path:
        """Keys that seal the audit log and sign receipts, and the log's anchor (unless a setting names a folder)."""
        return self.home / "seals"

    @property
    def lock(self) -> Path:
        """One-writer lock of the lake."""
        return self.home / "lock"
