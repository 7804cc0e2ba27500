"""The migrations of the audit log. A row once written stays as it is: they add, and never rewrite."""

from __future__ import annotations

from pathlib import Path

from gateway.store_forms import Chain

CHAIN = Chain(
    name="audit log",
    setting="CIVICLAKE_GATEWAY_AUDIT_URL",
    folder=Path(__file__).with_name("migrations"),
    version_table="audit_version",
    lock=0x0C1F1D,
)
