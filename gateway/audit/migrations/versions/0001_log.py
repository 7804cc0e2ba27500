"""Accesses and checkpoints, and the triggers that refuse to change what was written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_REFUSAL = "the audit log is append-only"


def upgrade() -> None:
    """Forward; there is no way back but a copy of the log. One from before there were migrations has this form."""
    if sa.inspect(op.get_bind()).has_table("audit_access"):
        return
    op.create_table(
        "audit_access",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False, comment="place in the chain, from 1"),
        sa.Column(
            "at", sa.String(32), nullable=False, comment="when the answer was complete: UTC, ISO 8601, microseconds"
        ),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column(
            "caller", sa.String(200), nullable=False, comment="id of the caller; `public` for everybody, `?` if refused"
        ),
        sa.Column("tier", sa.String(4), nullable=True),
        sa.Column("organisation", sa.String(64), nullable=True),
        sa.Column(
            "grants", sa.Text(), nullable=False, comment="JSON list of the grants the caller holds for the dataset"
        ),
        sa.Column("purpose", sa.String(200), nullable=True),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("door", sa.String(200), nullable=False, comment="template of the route, without any value"),
        sa.Column("dataset", sa.String(100), nullable=True),
        sa.Column("release", sa.BigInteger(), nullable=True),
        sa.Column("columns", sa.Text(), nullable=False, comment="JSON list of the columns in the answer"),
        sa.Column("filter", sa.String(64), nullable=True, comment="keyed digest of the filter; never its values"),
        sa.Column("rows", sa.BigInteger(), nullable=True, comment="rows handed out; NULL where an answer has none"),
        sa.Column("bytes", sa.BigInteger(), nullable=False, comment="bytes of the body that went out"),
        sa.Column("status", sa.Integer(), nullable=False, comment="HTTP status; 499 when the caller hung up"),
        sa.Column("complete", sa.Integer(), nullable=False, comment="1, or 0 when the answer broke off"),
        sa.Column("decision", sa.String(5), nullable=False, comment="allow or deny"),
        sa.Column("rules", sa.Text(), nullable=False, comment="JSON list of the rules that decided"),
        sa.Column("prev_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_audit_access_caller", "audit_access", ["caller", "at"])
    op.create_index("ix_audit_access_dataset", "audit_access", ["dataset", "at"])
    op.create_table(
        "audit_checkpoint",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False, comment="hex"),
        sa.PrimaryKeyConstraint("number"),
    )
    guard = _guard_of_postgresql if op.get_bind().dialect.name == "postgresql" else _guard_of_sqlite
    for table in ("audit_access", "audit_checkpoint"):
        guard(table)


def _guard_of_sqlite(table: str) -> None:
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )


def _guard_of_postgresql(table: str) -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )
