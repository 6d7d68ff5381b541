"""Which rows speak of an item: a part that joins its row again is deleted, and each of them is asked first."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# Tables that may speak of an item; None: all their rows do.
_INDEXES = (
    ("ix_cancellation_plan_item_item", "cancellation_plan_item", "order_item_id", None),
    ("ix_discount_item_item", "discount_item", "order_item_id", "order_item_id IS NOT NULL"),
    ("ix_integration_action_item", "integration_action", "order_item_id", "order_item_id IS NOT NULL"),
    ("ix_order_item_parent", "order_item", "parent_id", "parent_id IS NOT NULL"),
)


def upgrade() -> None:
    for name, table, column, only in _INDEXES:
        op.create_index(name, table, [column], postgresql_where=None if only is None else sa.text(only))


def downgrade() -> None:
    for name, table, _, _ in reversed(_INDEXES):
        op.drop_index(name, table_name=table)
