"""What a vendor says of the parcels in which its part of an order leaves."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("vendor_order_item", sa.Column("tracking_number", sa.String(64), nullable=True))
    op.add_column("vendor_order_item", sa.Column("tracking_url", sa.Text(), nullable=True))
    op.add_column("vendor_order_item", sa.Column("cargo_company_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_vendor_order_item_cargo_company_id"),
        "vendor_order_item",
        "cargo_company",
        ["cargo_company_id"],
        ["id"],
    )
    op.create_index("ix_vendor_order_item_item", "vendor_order_item", ["order_item_id"])


def downgrade() -> None:
    op.drop_index("ix_vendor_order_item_item", table_name="vendor_order_item")
    op.drop_column("vendor_order_item", "cargo_company_id")
    op.drop_column("vendor_order_item", "tracking_url")
    op.drop_column("vendor_order_item", "tracking_number")
