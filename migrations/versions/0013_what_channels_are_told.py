"""Delivery of what channels must be told: when the first attempt began, how it ended, and by whom."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_OPEN = sa.text("state IN ('waiting', 'failed')")
_STATES = "state IN ('waiting', 'sent', 'failed', 'given_up', 'unsupported', 'by_hand', 'withdrawn')"
_STATES_BEFORE = "state IN ('waiting', 'sent', 'failed', 'given_up', 'unsupported')"


def upgrade() -> None:
    op.add_column("integration_action", sa.Column("began_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("integration_action", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_integration_action_open", "integration_action", ["order_id", "id"], postgresql_where=_OPEN
    )
    _say_states(_STATES)


def downgrade() -> None:
    op.execute("UPDATE integration_action SET state = 'sent' WHERE state IN ('by_hand', 'withdrawn')")
    _say_states(_STATES_BEFORE)
    op.drop_index("ix_integration_action_open", table_name="integration_action")
    op.drop_column("integration_action", "ended_at")
    op.drop_column("integration_action", "began_at")


def _say_states(states: str) -> None:
    name = op.f("ck_integration_action_state_known")
    op.drop_constraint(name, "integration_action", type_="check")
    op.create_check_constraint(name, "integration_action", states)
