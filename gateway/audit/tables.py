"""The two tables of the audit log. Triggers, made by its migrations, refuse to change what was written."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

access = Table(
    "audit_access",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False, comment="place in the chain, from 1"),
    Column("at", String(32), nullable=False, comment="when the answer was complete: UTC, ISO 8601, microseconds"),
    Column("request_id", String(64), nullable=False),
    Column("caller", String(200), nullable=False, comment="id of the caller; `public` for everybody, `?` if refused"),
    Column("tier", String(4)),
    Column("organisation", String(64)),
    Column("grants", Text, nullable=False, comment="JSON list of the grants the caller holds for the dataset"),
    Column("purpose", String(200)),
    Column("action", String(20), nullable=False),
    Column("door", String(200), nullable=False, comment="template of the route, without any value"),
    Column("dataset", String(100)),
    Column("release", BigInteger),
    Column("columns", Text, nullable=False, comment="JSON list of the columns in the answer"),
    Column("filter", String(64), comment="keyed digest of the filter; never its values"),
    Column("rows", BigInteger, comment="rows handed out; NULL where an answer has none"),
    Column("bytes", BigInteger, nullable=False, comment="bytes of the body that went out"),
    Column("status", Integer, nullable=False, comment="HTTP status; 499 when the caller hung up"),
    Column("complete", Integer, nullable=False, comment="1, or 0 when the answer broke off"),
    Column("decision", String(5), nullable=False, comment="allow or deny"),
    Column("rules", Text, nullable=False, comment="JSON list of the rules that decided"),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_audit_access_caller", "caller", "at"),
    Index("ix_audit_access_dataset", "dataset", "at"),
)

checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("at", String(32), nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("signature", String(128), nullable=False, comment="hex"),
)
