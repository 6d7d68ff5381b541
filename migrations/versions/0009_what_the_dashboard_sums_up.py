"""Figures by the quarter of an hour, and indexes by when a plan was decided and when money moved."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quarter_figures",
        sa.Column("quarter", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("placed_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("placed_amount", sa.Numeric(18, 4), server_default="0", nullable=False),
        sa.Column("cancelled_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refunded_amount", sa.Numeric(18, 4), server_default="0", nullable=False),
        sa.CheckConstraint(
            "placed_count >= 0 AND cancelled_count BETWEEN 0 AND placed_count",
            name=op.f("ck_quarter_figures_counts_add_up"),
        ),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_quarter_figures_channel_id")),
        sa.PrimaryKeyConstraint("quarter", "channel_id", "currency", name=op.f("pk_quarter_figures")),
    )
    op.create_index("ix_ledger_entry_at", "ledger_entry", ["at"])
    op.create_index(
        "ix_cancellation_plan_decided",
        "cancellation_plan",
        ["decided_at"],
        postgresql_where=sa.text("decided_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_cancellation_plan_decided", table_name="cancellation_plan")
    op.drop_index("ix_ledger_entry_at", table_name="ledger_entry")
    op.drop_table("quarter_figures")
