"""What can go wrong between a city's staging SQL and a finished build."""

from __future__ import annotations


class TransformError(Exception):
    """The dbt project could not be assembled or run; the text names the file and the mend."""
