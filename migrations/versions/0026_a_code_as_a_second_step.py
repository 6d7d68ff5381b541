"""A code of a telephone as the second step of signing in, and the words that stand in for a lost telephone."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_second_step",
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff_user.id"],
            name=op.f("fk_staff_second_step_staff_id_staff_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_second_step")),
    )
    op.create_table(
        "staff_recovery_code",
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "octet_length(code_hash) = 32", name=op.f("ck_staff_recovery_code_code_hash_is_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff_second_step.staff_id"],
            name=op.f("fk_staff_recovery_code_staff_id_staff_second_step"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("staff_id", "code_hash", name=op.f("pk_staff_recovery_code")),
    )
    op.add_column(
        "staff_session", sa.Column("awaits_code", sa.Boolean(), server_default="false", nullable=False)
    )


def downgrade() -> None:
    # Whoever has only typed a password must not be signed in by the downgrade.
    op.execute("DELETE FROM staff_session WHERE awaits_code")
    op.drop_column("staff_session", "awaits_code")
    op.drop_table("staff_recovery_code")
    op.drop_table("staff_second_step")
