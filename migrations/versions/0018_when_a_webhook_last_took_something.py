"""When a webhook last took a delivery, and its log from the newest on."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "webhook_subscription", sa.Column("last_delivered_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index("ix_webhook_delivery_log", "webhook_delivery", ["subscription_id", sa.text("id DESC")])


def downgrade() -> None:
    op.drop_index("ix_webhook_delivery_log", table_name="webhook_delivery")
    op.drop_column("webhook_subscription", "last_delivered_at")
