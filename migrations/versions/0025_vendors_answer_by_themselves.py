"""A token may stand for one vendor; a vendor order knows when it changed."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_token", sa.Column("data_source_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_api_token_data_source_id"), "api_token", "data_source", ["data_source_id"], ["id"]
    )
    op.add_column(
        "vendor_order",
        sa.Column("modified_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.create_index(
        "ix_vendor_order_source",
        "vendor_order",
        ["data_source_id", sa.literal_column("id DESC")],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_vendor_order_source", table_name="vendor_order")
    op.drop_column("vendor_order", "modified_at")
    op.drop_constraint(op.f("fk_api_token_data_source_id"), "api_token", type_="foreignkey")
    op.drop_column("api_token", "data_source_id")
