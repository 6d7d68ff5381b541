"""Attention entries, and what a channel last said about an order."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    create_attention()
    for side in ("shipping", "billing"):
        op.add_column("orders", sa.Column(f"{side}_address_seen_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_orders_{side}_address_seen_id"),
            "orders",
            "address",
            [f"{side}_address_seen_id"],
            ["id"],
        )
    op.add_column("orders", sa.Column("money_seen", sa.String(length=32), nullable=True))
    op.add_column(
        "orders",
        sa.Column(
            "edited_here", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
    )
    op.add_column("order_item", sa.Column("tracking_number_seen", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("order_item", "tracking_number_seen")
    op.drop_column("orders", "edited_here")
    op.drop_column("orders", "money_seen")
    op.drop_column("orders", "billing_address_seen_id")
    op.drop_column("orders", "shipping_address_seen_id")
    op.drop_table("attention")


def create_attention() -> None:
    op.create_table(
        "attention",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_attention_channel_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_attention_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attention")),
    )
    op.create_index(
        "uq_attention_open_kind_order",
        "attention",
        ["kind", "order_id"],
        unique=True,
        postgresql_where=OPEN,
    )
    op.create_index(
        "ix_attention_open",
        "attention",
        [sa.literal_column("raised_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=OPEN,
    )
    op.create_index(
        "ix_attention_order", "attention", ["order_id", sa.literal_column("id DESC")], unique=False
    )
