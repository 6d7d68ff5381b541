"""Spreadsheets of tracking numbers with a verdict for each row; files of orders that expire."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _json(name: str, default: str) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), server_default=default, nullable=False)


def _time(name: str, *, now: bool = False) -> sa.Column:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not now)


def upgrade() -> None:
    op.create_table(
        "tracking_upload",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("state", sa.String(8), server_default="reading", nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("stored_name", sa.String(40), nullable=True),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("byte_size", sa.BigInteger(), nullable=False),
        _json("reading", "{}"),
        _json("refusal", "{}"),
        _json("titles", "[]"),
        sa.Column("has_header", sa.Boolean(), server_default="true", nullable=False),
        _json("columns", "{}"),
        sa.Column("row_count", sa.Integer(), server_default="0", nullable=False),
        _json("counts", "{}"),
        sa.Column("operation_id", postgresql.UUID(as_uuid=True), nullable=True),
        sa.Column("apply_asked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("uploaded_by_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        _time("created_at", now=True),
        _time("checked_at"),
        _time("applied_at"),
        _time("undone_at"),
        sa.CheckConstraint(
            "state IN ('reading', 'mapping', 'checked', 'applying', 'applied', 'undoing', 'undone', 'refused')",
            name=op.f("ck_tracking_upload_state_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tracking_upload")),
    )
    op.create_index("ix_tracking_upload_hash", "tracking_upload", ["content_hash"])
    op.create_index("ix_tracking_upload_staff", "tracking_upload", ["uploaded_by_id", sa.text("id DESC")])
    op.create_table(
        "tracking_row",
        sa.Column("upload_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        _json("cells", "[]"),
        sa.Column("order_number", sa.String(64), server_default="", nullable=False),
        sa.Column("tracking_number", sa.String(64), server_default="", nullable=False),
        sa.Column("item", sa.String(120), server_default="", nullable=False),
        sa.Column("quantity", sa.Numeric(12, 3), nullable=True),
        sa.Column("cargo_company_id", sa.BigInteger(), nullable=True),
        sa.Column("tracking_url", sa.Text(), server_default="", nullable=False),
        _time("shipped_at"),
        sa.Column("verdict", sa.String(16), server_default="", nullable=False),
        sa.Column("fact", sa.String(200), server_default="", nullable=False),
        sa.Column("warning", sa.String(64), server_default="", nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(8), server_default="", nullable=False),
        sa.Column("done", postgresql.JSONB(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('', 'waiting', 'shipped', 'refused', 'undone', 'kept')",
            name=op.f("ck_tracking_row_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["tracking_upload.id"],
            name=op.f("fk_tracking_row_upload_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["cargo_company_id"], ["cargo_company.id"], name=op.f("fk_tracking_row_cargo_company_id")
        ),
        sa.PrimaryKeyConstraint("upload_id", "position", name=op.f("pk_tracking_row")),
    )
    op.create_index("ix_tracking_row_order_number", "tracking_row", ["upload_id", "order_number", "position"])
    op.create_index("ix_tracking_row_verdict", "tracking_row", ["upload_id", "verdict", "position"])
    op.create_index(
        "ix_tracking_row_waiting",
        "tracking_row",
        ["upload_id", "order_number"],
        postgresql_where=sa.text("outcome = 'waiting'"),
    )
    op.create_table(
        "order_export",
        sa.Column("id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(4), nullable=False),
        _json("query", "{}"),
        _json("columns", "[]"),
        sa.Column("operation_id", postgresql.UUID(as_uuid=True), nullable=True),
        sa.Column("stored_name", sa.String(40), nullable=True),
        sa.Column("row_count", sa.Integer(), nullable=True),
        sa.Column("byte_size", sa.BigInteger(), nullable=True),
        _time("created_at", now=True),
        _time("expires_at"),
        sa.CheckConstraint("kind IN ('csv', 'xlsx')", name=op.f("ck_order_export_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_export")),
    )
    op.create_index("ix_order_export_staff", "order_export", ["staff_id", sa.text("created_at DESC")])


def downgrade() -> None:
    op.drop_table("order_export")
    op.drop_table("tracking_row")
    op.drop_table("tracking_upload")
