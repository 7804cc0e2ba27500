"""Asking for access: applications, demands, corrections, break-glass, their events and notices."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_REFUSAL = "events of cases are append-only"


def upgrade() -> None:
    """Forward; there is no way back but a copy of the store."""
    _case(
        "application",
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("clear_columns", sa.JSON(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("frequency", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("scene", sa.String(), nullable=False),
        sa.Column("commitment", sa.String(), nullable=False),
        sa.Column("statutory", sa.Boolean(), nullable=False),
        sa.Column("term_from", sa.Date(), nullable=False),
        sa.Column("term_to", sa.Date(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("access", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["access"], ["access_grant.id"], name=op.f("fk_application_access")),
    )
    _case(
        "demand",
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("candidate", sa.String(), nullable=True),
        sa.Column("dataset", sa.String(), nullable=True),
    )
    _case(
        "correction",
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("key", sa.JSON(), nullable=False),
        sa.Column("column", sa.String(), nullable=False),
        sa.Column("wrong", sa.String(), nullable=False),
        sa.Column("proposed", sa.String(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=True),
        sa.Column("release", sa.Integer(), nullable=True),
    )
    _case(
        "break_glass",
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("access", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["access"], ["access_grant.id"], name=op.f("fk_break_glass_access")),
    )
    op.create_table(
        "case_event",
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("entered_by", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("from_state", sa.String(), nullable=True),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("case", "number", name=op.f("pk_case_event")),
    )
    _append_only("case_event")
    op.create_table(
        "notice",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("principal", sa.String(), nullable=True),
        sa.Column("organisation", sa.String(), nullable=True),
        sa.Column("procedure", sa.String(), nullable=False),
        sa.Column("case", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.code"], name=op.f("fk_notice_organisation")),
        sa.ForeignKeyConstraint(["principal"], ["principal.id"], name=op.f("fk_notice_principal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("ix_notice_at", "notice", ["at"], unique=False)
    op.create_index(op.f("ix_notice_organisation"), "notice", ["organisation"], unique=False)
    op.create_index(op.f("ix_notice_principal"), "notice", ["principal"], unique=False)


def _case(table: str, *parts: Any) -> None:
    """A table of cases: what all share, and its own columns."""
    op.create_table(
        table,
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("raised_by", sa.String(), nullable=True),
        sa.Column("organisation", sa.String(), nullable=True),
        sa.Column("provider", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *parts,
        sa.ForeignKeyConstraint(["raised_by"], ["principal.id"], name=op.f(f"fk_{table}_raised_by")),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.code"], name=op.f(f"fk_{table}_organisation")),
        sa.ForeignKeyConstraint(["provider"], ["organisation.code"], name=op.f(f"fk_{table}_provider")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    for column in ("raised_by", "organisation", "provider"):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


def _append_only(table: str) -> None:
    """The database itself refuses to change or delete what was written."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
