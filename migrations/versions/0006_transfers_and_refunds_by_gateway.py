"""What a batch of transfers was exported with, and refunds named by their gateway."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Frozen at export, so that the files can be made again byte for byte.
EXPORTED = (
    ("debtor_name", sa.String(length=140)),
    ("debtor_iban", sa.String(length=34)),
    ("debtor_bic", sa.String(length=11)),
    ("csv_digest", sa.String(length=64)),
    ("xml_digest", sa.String(length=64)),
)


def upgrade() -> None:
    # Two gateways may well give two refunds the same number: shops count from one.
    op.drop_constraint(op.f("uq_refund_gateway_ref"), "refund", type_="unique")
    op.create_index("uq_refund_gateway_gateway_ref", "refund", ["gateway", "gateway_ref"], unique=True)
    for name, kind in EXPORTED:
        op.add_column("transfer_batch", sa.Column(name, kind, server_default="", nullable=False))
    op.add_column("transfer_batch", sa.Column("execution_date", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("transfer_batch", "execution_date")
    for name, _ in reversed(EXPORTED):
        op.drop_column("transfer_batch", name)
    op.drop_index("uq_refund_gateway_gateway_ref", table_name="refund")
    op.create_unique_constraint(op.f("uq_refund_gateway_ref"), "refund", ["gateway_ref"])
