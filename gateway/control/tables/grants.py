"""Table of grants: permissions that widen what a tier gives, for one dataset, for a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from catalog.policy.model import Action
from gateway.control.tables.base import Base


class GrantRow(Base):
    """To one principal or to one organisation. `kind` is `grant`, or `break_glass` for a steward's look at cells.

    `request` names the application it follows from; a steward's direct grant has none and states its `basis`.
    """

    __tablename__ = "access_grant"
    __table_args__ = (CheckConstraint("(principal IS NULL) <> (organisation IS NULL)", name="one_holder"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    principal: Mapped[str | None] = mapped_column(ForeignKey("principal.id"), index=True)
    organisation: Mapped[str | None] = mapped_column(ForeignKey("organisation.code"), index=True)
    dataset: Mapped[str]
    columns: Mapped[list[str]] = mapped_column(JSON)
    clear_columns: Mapped[list[str]] = mapped_column(JSON)
    actions: Mapped[list[Action]] = mapped_column(JSON)
    rows: Mapped[dict[str, Any]] = mapped_column(JSON)
    purposes: Mapped[list[str]] = mapped_column(JSON)
    statutory: Mapped[bool]
    basis: Mapped[str]
    starts_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_for: Mapped[str | None]
    request: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
