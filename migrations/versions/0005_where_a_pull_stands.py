"""Where a pull stands inside a pass, and what a run that died had stored but not applied."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pull_cursor", sa.Column("pass_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("pull_cursor", sa.Column("pass_offset", sa.Integer(), server_default="0", nullable=False))
    op.create_check_constraint(
        op.f("ck_pull_cursor_open_pass_has_place_and_end"),
        "pull_cursor",
        "(remote_id IS NULL) = (pass_until IS NULL)",
    )
    op.create_index(
        "ix_remote_record_received",
        "remote_record",
        ["channel_id", "remote_id"],
        postgresql_where=sa.text("state = 'received'"),
    )


def downgrade() -> None:
    op.drop_index("ix_remote_record_received", "remote_record")
    op.drop_constraint(op.f("ck_pull_cursor_open_pass_has_place_and_end"), "pull_cursor", type_="check")
    op.drop_column("pull_cursor", "pass_offset")
    op.drop_column("pull_cursor", "pass_until")
