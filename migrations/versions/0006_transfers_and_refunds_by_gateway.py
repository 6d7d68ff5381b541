"""What a batch of transfers was exported with; refunds named by their gateway, and releases beside them."""

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

PAYING = "plan_id IS NOT NULL AND state NOT IN ('declined', 'withdrawn') AND way <> 'release'"
RELEASING = "plan_id IS NOT NULL AND state NOT IN ('declined', 'withdrawn') AND way = 'release'"
BEFORE = "plan_id IS NOT NULL AND state NOT IN ('declined', 'withdrawn')"
TARGET = ["plan_id", "transaction_id", "gateway_item"]


def upgrade() -> None:
    # Two gateways may well give two refunds the same number: shops count from one.
    op.drop_constraint(op.f("uq_refund_gateway_ref"), "refund", type_="unique")
    op.create_index("uq_refund_gateway_gateway_ref", "refund", ["gateway", "gateway_ref"], unique=True)
    # Of a payment that was captured in part, the plan pays one part back and lets the other go.
    _replace("uq_refund_plan_transaction_item", PAYING)
    op.create_index(
        "uq_refund_plan_release",
        "refund",
        ["plan_id", "transaction_id"],
        unique=True,
        postgresql_where=sa.text(RELEASING),
    )
    for name, kind in EXPORTED:
        op.add_column("transfer_batch", sa.Column(name, kind, server_default="", nullable=False))
    op.add_column("transfer_batch", sa.Column("execution_date", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("transfer_batch", "execution_date")
    for name, _ in reversed(EXPORTED):
        op.drop_column("transfer_batch", name)
    op.drop_index("uq_refund_plan_release", table_name="refund")
    _replace("uq_refund_plan_transaction_item", BEFORE)
    op.drop_index("uq_refund_gateway_gateway_ref", table_name="refund")
    op.create_unique_constraint(op.f("uq_refund_gateway_ref"), "refund", ["gateway_ref"])


def _replace(name: str, where: str) -> None:
    op.drop_index(name, table_name="refund")
    op.create_index(name, "refund", TARGET, unique=True, postgresql_where=sa.text(where))
