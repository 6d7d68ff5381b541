"""An order that nobody looks after any more keeps the version of its assignment."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

FOREIGN_KEY = "fk_order_assignment_staff_id"


def upgrade() -> None:
    op.alter_column("order_assignment", "staff_id", existing_type=sa.BigInteger(), nullable=True)
    op.drop_constraint(FOREIGN_KEY, "order_assignment", type_="foreignkey")
    op.create_foreign_key(
        FOREIGN_KEY, "order_assignment", "staff_user", ["staff_id"], ["id"], ondelete="SET NULL"
    )


def downgrade() -> None:
    op.execute("DELETE FROM order_assignment WHERE staff_id IS NULL")
    op.drop_constraint(FOREIGN_KEY, "order_assignment", type_="foreignkey")
    op.create_foreign_key(
        FOREIGN_KEY, "order_assignment", "staff_user", ["staff_id"], ["id"], ondelete="CASCADE"
    )
    op.alter_column("order_assignment", "staff_id", existing_type=sa.BigInteger(), nullable=False)
