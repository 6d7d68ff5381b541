"""Addresses that somebody else must agree to, accounts at carriers, and what carriers are asked."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

OPEN_ERRAND = "state IN ('waiting', 'asked')"


def upgrade() -> None:
    op.create_table(
        "address_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.String(8), nullable=False),
        sa.Column("way", sa.String(8), nullable=False),
        sa.Column("state", sa.String(8), server_default="waiting", nullable=False),
        sa.Column("from_address_id", sa.BigInteger(), nullable=False),
        sa.Column("to_address_id", sa.BigInteger(), nullable=False),
        sa.Column("requested_by_id", sa.BigInteger(), nullable=True),
        sa.Column("requested_by", sa.String(120), server_default="", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("side IN ('shipping', 'billing')", name=op.f("ck_address_change_side_known")),
        sa.CheckConstraint("way IN ('propose', 'redirect')", name=op.f("ck_address_change_way_known")),
        sa.CheckConstraint(
            "state IN ('waiting', 'applied', 'refused')", name=op.f("ck_address_change_state_known")
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (ended_at IS NULL)", name=op.f("ck_address_change_ended_has_time")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_address_change_order_id")),
        sa.ForeignKeyConstraint(
            ["from_address_id"], ["address.id"], name=op.f("fk_address_change_from_address_id")
        ),
        sa.ForeignKeyConstraint(
            ["to_address_id"], ["address.id"], name=op.f("fk_address_change_to_address_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_change")),
    )
    op.create_index(
        "uq_address_change_waiting",
        "address_change",
        ["order_id", "side"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_address_change_order", "address_change", ["order_id", sa.text("id DESC")])
    op.create_table(
        "cargo_account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cargo_company_id", sa.BigInteger(), nullable=False),
        sa.Column("account_type", sa.String(24), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("credentials", sa.Text(), server_default="", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cargo_company_id"], ["cargo_company.id"], name=op.f("fk_cargo_account_cargo_company_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cargo_account")),
        sa.UniqueConstraint("cargo_company_id", name=op.f("uq_cargo_account_cargo_company_id")),
    )
    op.create_table(
        "cargo_errand",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("cargo_company_id", sa.BigInteger(), nullable=False),
        sa.Column("package_id", sa.BigInteger(), nullable=True),
        sa.Column("address_change_id", sa.BigInteger(), nullable=True),
        sa.Column("address_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("state", sa.String(8), server_default="waiting", nullable=False),
        sa.Column("reference", sa.String(36), nullable=False),
        sa.Column("tracking_number", sa.String(64), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("code", sa.String(64), server_default="", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_by_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('label', 'update', 'redirect', 'cancel')", name=op.f("ck_cargo_errand_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'asked', 'done', 'refused')", name=op.f("ck_cargo_errand_state_known")
        ),
        sa.CheckConstraint(
            "(state IN ('waiting', 'asked')) = (ended_at IS NULL)",
            name=op.f("ck_cargo_errand_ended_has_time"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_cargo_errand_order_id")),
        sa.ForeignKeyConstraint(
            ["cargo_company_id"], ["cargo_company.id"], name=op.f("fk_cargo_errand_cargo_company_id")
        ),
        sa.ForeignKeyConstraint(["package_id"], ["package.id"], name=op.f("fk_cargo_errand_package_id")),
        sa.ForeignKeyConstraint(
            ["address_change_id"], ["address_change.id"], name=op.f("fk_cargo_errand_address_change_id")
        ),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_cargo_errand_address_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cargo_errand")),
        sa.UniqueConstraint("reference", name=op.f("uq_cargo_errand_reference")),
    )
    op.create_index("ix_cargo_errand_order", "cargo_errand", ["order_id", "id"])
    op.create_index(
        "ix_cargo_errand_open",
        "cargo_errand",
        ["order_id", "id"],
        postgresql_where=sa.text(OPEN_ERRAND),
    )


def downgrade() -> None:
    op.drop_table("cargo_errand")
    op.drop_table("cargo_account")
    op.drop_table("address_change")
