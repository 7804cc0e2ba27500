"""Logging: one JSON object a line on standard error, for machines first."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

from gateway.answers.json_rows import dumps
from gateway.identity.secret_text import redacted


class JsonLines(logging.Formatter):
    """Formats a record as a JSON object; `extra={"fields": {...}}` adds members."""

    def format(self, record: logging.LogRecord) -> str:
        """One line without line breaks, and without secrets wherever a caller may have put them."""
        document = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return redacted(dumps(document).decode())


def configure() -> None:
    """Send the gateway's and the server's logs to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("gateway", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it would quote what callers ask
