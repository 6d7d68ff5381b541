"""What the order lists read by, notes that are posted once, and what a person prefers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NEWEST_FIRST = [sa.literal_column("date_placed DESC"), sa.literal_column("id DESC")]
STATUS_PLACED = ["status", *NEWEST_FIRST]


def upgrade() -> None:
    op.create_index("ix_orders_currency_placed", "orders", ["currency", *NEWEST_FIRST])
    op.drop_index("ix_orders_not_sent", "orders")
    op.create_index(
        "ix_orders_to_send",
        "orders",
        NEWEST_FIRST,
        postgresql_where=sa.text("NOT is_send AND status IN (400, 450)"),
    )
    op.create_index(
        "ix_orders_partly",
        "orders",
        NEWEST_FIRST,
        postgresql_where=sa.text("partially_cancelled OR partially_refunded OR partially_shipped"),
    )
    op.drop_index("ix_orders_status_placed", "orders")
    op.create_index("ix_orders_status_placed", "orders", STATUS_PLACED, postgresql_include=["channel_id"])
    op.add_column("order_note", sa.Column("submission", sa.Uuid(), nullable=True))
    op.create_unique_constraint("uq_order_note_submission", "order_note", ["submission"])
    op.add_column(
        "staff_user", sa.Column("preferences", postgresql.JSONB(), server_default="{}", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("staff_user", "preferences")
    op.drop_column("order_note", "submission")
    op.drop_index("ix_orders_status_placed", "orders")
    op.create_index("ix_orders_status_placed", "orders", STATUS_PLACED)
    op.drop_index("ix_orders_partly", "orders")
    op.drop_index("ix_orders_to_send", "orders")
    op.create_index("ix_orders_not_sent", "orders", NEWEST_FIRST, postgresql_where=sa.text("NOT is_send"))
    op.drop_index("ix_orders_currency_placed", "orders")
