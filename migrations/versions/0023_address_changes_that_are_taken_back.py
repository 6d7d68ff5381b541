"""A new address that waits for the channel can be taken back before the channel hears of it."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_KNOWN = "ck_address_change_state_known"


def upgrade() -> None:
    op.drop_constraint(op.f(_KNOWN), "address_change", type_="check")
    op.alter_column("address_change", "state", type_=sa.String(12), existing_type=sa.String(8))
    op.create_check_constraint(
        op.f(_KNOWN), "address_change", "state IN ('waiting', 'applied', 'refused', 'withdrawn')"
    )


def downgrade() -> None:
    op.drop_constraint(op.f(_KNOWN), "address_change", type_="check")
    op.execute("UPDATE address_change SET state = 'refused' WHERE state = 'withdrawn'")
    op.alter_column("address_change", "state", type_=sa.String(8), existing_type=sa.String(12))
    op.create_check_constraint(op.f(_KNOWN), "address_change", "state IN ('waiting', 'applied', 'refused')")
