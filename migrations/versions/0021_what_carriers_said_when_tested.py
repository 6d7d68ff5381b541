"""When the connection to a carrier was tested last, and what was wrong then."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cargo_account", sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cargo_account", sa.Column("check_error", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("cargo_account", "check_error")
    op.drop_column("cargo_account", "checked_at")
