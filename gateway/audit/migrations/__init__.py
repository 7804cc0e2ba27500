"""Migrations of the audit log, run by `AuditStore.prepare()`; `versions/` holds one file for each step."""
