"""What waits of an upload is found by its order, so that orders lying together are written together."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _waiting_by("order_id")


def downgrade() -> None:
    _waiting_by("order_number")


def _waiting_by(column: str) -> None:
    op.drop_index("ix_tracking_row_waiting", "tracking_row")
    op.create_index(
        "ix_tracking_row_waiting",
        "tracking_row",
        ["upload_id", column],
        postgresql_where=sa.text("outcome = 'waiting'"),
    )
