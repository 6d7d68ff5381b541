"""Spreadsheets of carriers that staff upload, their rows with verdicts; and files of orders that staff export."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, BigId, CreatedAt, JsonColumn, JsonList


class TrackingUpload(Base):
    """One uploaded file.

    reading: a worker reads and judges it. mapping: staff must say which column is which. checked: the preview stands.
    applying, applied; undoing, undone. refused: it could not be read, `refusal` says why.
    `columns` maps a field to its column; `titles` are the cells of its first row; `counts` maps a verdict to its rows.
    """

    __tablename__ = "tracking_upload"
    __table_args__ = (
        Index("ix_tracking_upload_hash", "content_hash"),
        Index("ix_tracking_upload_staff", "uploaded_by_id", text("id DESC")),
        CheckConstraint(
            "state IN ('reading', 'mapping', 'checked', 'applying', 'applied', 'undoing', 'undone', 'refused')",
            name="state_known",
        ),
    )

    id: Mapped[BigId]
    state: Mapped[str] = mapped_column(String(8), default="reading", server_default="reading")
    file_name: Mapped[str] = mapped_column(String(200))
    # The random name in the store of files; None once the bytes were deleted.
    stored_name: Mapped[str | None] = mapped_column(String(40))
    content_hash: Mapped[str] = mapped_column(String(64))
    byte_size: Mapped[int] = mapped_column(BigInteger)
    reading: Mapped[JsonColumn]
    refusal: Mapped[JsonColumn]
    titles: Mapped[JsonList]
    has_header: Mapped[bool] = mapped_column(default=True, server_default="true")
    columns: Mapped[JsonColumn]
    row_count: Mapped[int] = mapped_column(default=0, server_default="0")
    counts: Mapped[JsonColumn]
    operation_id: Mapped[uuid.UUID | None] = mapped_column(UUID(as_uuid=True))
    # Whoever asked for the rows to be applied; while it is being read they are applied as soon as it is checked.
    apply_asked_by_id: Mapped[int | None] = mapped_column(BigInteger)
    uploaded_by_id: Mapped[int | None] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    created_at: Mapped[CreatedAt]
    checked_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]


class TrackingRow(Base):
    """One row of an uploaded file: its cells as they came, what they mean, its verdict, and what was done.

    outcome: '' nothing is to be done, waiting, shipped, refused (the verdict says why), undone, kept (not undone).
    `done` holds what undoing needs: per item the version it has now, and what was there before, unless it was nothing.
    """

    __tablename__ = "tracking_row"
    __table_args__ = (
        Index("ix_tracking_row_order_number", "upload_id", "order_number", "position"),
        Index("ix_tracking_row_verdict", "upload_id", "verdict", "position"),
        Index(
            "ix_tracking_row_waiting",
            "upload_id",
            "order_id",
            postgresql_where=text("outcome = 'waiting'"),
        ),
        CheckConstraint(
            "outcome IN ('', 'waiting', 'shipped', 'refused', 'undone', 'kept')", name="outcome_known"
        ),
    )

    upload_id: Mapped[int] = mapped_column(
        ForeignKey("tracking_upload.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[JsonList]
    order_number: Mapped[str] = mapped_column(String(64), default="", server_default="")
    tracking_number: Mapped[str] = mapped_column(String(64), default="", server_default="")
    item: Mapped[str] = mapped_column(String(120), default="", server_default="")
    quantity: Mapped[Decimal | None] = mapped_column(Numeric(12, 3))
    cargo_company_id: Mapped[int | None] = mapped_column(ForeignKey("cargo_company.id"))
    tracking_url: Mapped[str] = mapped_column(Text, default="", server_default="")
    shipped_at: Mapped[datetime | None]
    verdict: Mapped[str] = mapped_column(String(16), default="", server_default="")
    fact: Mapped[str] = mapped_column(String(200), default="", server_default="")
    # The carrier whose check digit does not fit; a hint, no refusal.
    warning: Mapped[str] = mapped_column(String(64), default="", server_default="")
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str] = mapped_column(String(8), default="", server_default="")
    done: Mapped[Any | None] = mapped_column(JSONB)


class OrderExport(Base):
    """A file of orders made by an operation: exactly one list, for the person who asked, until it expires."""

    __tablename__ = "order_export"
    __table_args__ = (
        Index("ix_order_export_staff", "staff_id", text("created_at DESC")),
        CheckConstraint("kind IN ('csv', 'xlsx')", name="kind_known"),
    )

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    staff_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(4))
    # The words of the list's URL, and the columns as chosen then. Words that were searched for stand here alone,
    # never in the operation.
    query: Mapped[JsonColumn]
    columns: Mapped[JsonList]
    operation_id: Mapped[uuid.UUID | None] = mapped_column(UUID(as_uuid=True))
    stored_name: Mapped[str | None] = mapped_column(String(40))
    row_count: Mapped[int | None]
    byte_size: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime | None]
    # "erased": it named a customer who was erased before its time was over.
    removed_because: Mapped[str | None] = mapped_column(String(16))
