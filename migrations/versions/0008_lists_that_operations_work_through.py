"""Lists that operations work through; what waits for somebody: requests, pushes, and words when an entry is closed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "operation_item",
        sa.Column("operation_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("expected_version", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(10), server_default="waiting", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('waiting', 'done', 'unchanged', 'refused')",
            name=op.f("ck_operation_item_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["operation_id"],
            ["operation.id"],
            name=op.f("fk_operation_item_operation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("operation_id", "position", name=op.f("pk_operation_item")),
    )
    op.create_index(
        "uq_operation_item_subject", "operation_item", ["operation_id", "subject_id"], unique=True
    )
    op.create_index(
        "ix_operation_item_waiting",
        "operation_item",
        ["operation_id", "position"],
        postgresql_where=sa.text("outcome = 'waiting'"),
    )
    op.create_index(
        "ix_cancellation_request_open",
        "cancellation_request",
        ["id"],
        postgresql_where=sa.text("status IN ('waiting_approval', 'confirmed')"),
    )
    op.add_column("attention", sa.Column("closing_words", sa.Text(), server_default="", nullable=False))
    op.create_index(
        "ix_integration_action_stuck",
        "integration_action",
        ["id"],
        postgresql_where=sa.text("state IN ('given_up', 'unsupported')"),
    )


def downgrade() -> None:
    op.drop_index("ix_integration_action_stuck", table_name="integration_action")
    op.drop_column("attention", "closing_words")
    op.drop_index("ix_cancellation_request_open", table_name="cancellation_request")
    op.drop_table("operation_item")
