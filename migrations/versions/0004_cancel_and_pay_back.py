"""Plans with their ways back, attempts at gateways, transfer batches, and what reconciliation finds."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WAYS = "way IN ('gateway', 'channel', 'transfer', 'loyalty', 'store', 'manual', 'release')"


def upgrade() -> None:
    op.create_table(
        "gateway_account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("gateway_type", sa.String(length=24), nullable=False),
        sa.Column("base_url", sa.Text(), server_default="", nullable=False),
        sa.Column("credentials", sa.Text(), server_default="", nullable=False),
        sa.Column("conf", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("paused_because", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_account")),
        sa.UniqueConstraint("name", name=op.f("uq_gateway_account_name")),
    )
    op.create_table(
        "gateway_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("gateway", sa.String(length=40), nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=64), server_default="", nullable=False),
        sa.Column("gateway_ref", sa.String(length=128), nullable=True),
        sa.Column("refund_id", sa.UUID(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_event")),
    )
    op.create_index("uq_gateway_event_gateway_event", "gateway_event", ["gateway", "event_id"], unique=True)
    op.create_table(
        "reconciliation_break",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("gateway", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("refund_id", sa.UUID(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("our_amount", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("their_amount", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("our_currency", sa.String(length=3), nullable=True),
        sa.Column("their_currency", sa.String(length=3), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closing_words", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "kind IN ('missing_here', 'missing_there', 'amount', 'currency', 'double')",
            name=op.f("ck_reconciliation_break_kind_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_break")),
    )
    op.create_index(
        op.f("ix_reconciliation_break_order_id"), "reconciliation_break", ["order_id"], unique=False
    )
    op.create_index(
        "uq_reconciliation_break_open",
        "reconciliation_break",
        ["gateway", "kind", "subject"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "transfer_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("reference", sa.String(length=35), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="gathering", nullable=False),
        sa.Column("transfer_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("exported_by_id", sa.BigInteger(), nullable=True),
        sa.Column("exported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bank_reference", sa.String(length=64), server_default="", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('gathering', 'exported', 'closed')", name=op.f("ck_transfer_batch_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_batch")),
        sa.UniqueConstraint("reference", name=op.f("uq_transfer_batch_reference")),
    )
    op.create_table(
        "payee",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("iban", sa.String(length=34), server_default="", nullable=False),
        sa.Column("holder_name", sa.String(length=140), server_default="", nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_payee_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payee")),
    )
    op.create_index(op.f("ix_payee_order_id"), "payee", ["order_id"], unique=False)
    op.create_table(
        "cancellation_plan_tender",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("interest_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("payee_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "way IN ('gateway', 'channel', 'transfer', 'loyalty', 'store', 'manual', 'release')",
            name=op.f("ck_cancellation_plan_tender_way_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_cancellation_plan_tender_amount_positive")),
        sa.ForeignKeyConstraint(
            ["payee_id"], ["payee.id"], name=op.f("fk_cancellation_plan_tender_payee_id")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["cancellation_plan.id"], name=op.f("fk_cancellation_plan_tender_plan_id")
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["payment_transaction.id"],
            name=op.f("fk_cancellation_plan_tender_transaction_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellation_plan_tender")),
    )
    op.create_index(
        "uq_cancellation_plan_tender",
        "cancellation_plan_tender",
        ["plan_id", "transaction_id", "way"],
        unique=True,
    )
    op.create_table(
        "refund_attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("refund_id", sa.UUID(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(length=8), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(length=64), server_default="", nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("gateway_ref", sa.String(length=128), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"], name=op.f("fk_refund_attempt_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_attempt")),
    )
    op.create_index("ix_refund_attempt_refund", "refund_attempt", ["refund_id", "id"], unique=False)
    op.add_column(
        "cancellation_plan",
        sa.Column("adjustment_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
    )
    op.add_column(
        "cancellation_plan", sa.Column("adjustment_reason", sa.Text(), server_default="", nullable=False)
    )
    op.add_column(
        "cancellation_plan",
        sa.Column("owed_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
    )
    op.add_column(
        "cancellation_plan",
        sa.Column("released_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
    )
    op.add_column(
        "cancellation_plan",
        sa.Column("fallback_way", sa.String(length=10), server_default="transfer", nullable=False),
    )
    op.add_column(
        "cancellation_plan_item",
        sa.Column(
            "shipping_interest_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False
        ),
    )
    op.add_column(
        "cancellation_plan_item",
        sa.Column("difference_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
    )
    op.add_column(
        "cancellation_plan_item",
        sa.Column("adjustment_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
    )
    op.add_column(
        "cancellation_plan_item",
        sa.Column("refund_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
    )
    op.add_column(
        "cancellation_plan_item",
        sa.Column("is_shipping_only", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column("refund", sa.Column("way", sa.String(length=10), server_default="gateway", nullable=False))
    op.add_column("refund", sa.Column("payee_id", sa.BigInteger(), nullable=True))
    op.add_column("refund", sa.Column("transfer_batch_id", sa.BigInteger(), nullable=True))
    op.add_column("refund", sa.Column("evidence", sa.Text(), server_default="", nullable=False))
    op.add_column("refund", sa.Column("evidence_by_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_refund_batch",
        "refund",
        ["transfer_batch_id"],
        unique=False,
        postgresql_where=sa.text("transfer_batch_id IS NOT NULL"),
    )
    op.create_index(
        "ix_refund_open",
        "refund",
        ["gateway", "state"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('succeeded', 'declined', 'withdrawn')"),
    )
    op.create_foreign_key(
        op.f("fk_refund_transfer_batch_id"), "refund", "transfer_batch", ["transfer_batch_id"], ["id"]
    )
    op.create_foreign_key(op.f("fk_refund_payee_id"), "refund", "payee", ["payee_id"], ["id"])
    op.create_check_constraint(op.f("ck_refund_way_known"), "refund", WAYS)
    op.drop_index("uq_item_in_one_open_plan", table_name="cancellation_plan_item")
    op.create_index(
        "uq_item_in_one_open_plan",
        "cancellation_plan_item",
        ["order_item_id"],
        unique=True,
        postgresql_where=sa.text("is_open AND NOT is_shipping_only"),
    )
    op.execute(
        "CREATE TRIGGER refund_attempt_append_only BEFORE UPDATE OR DELETE ON refund_attempt"
        " FOR EACH ROW EXECUTE FUNCTION kontor_append_only()"
    )


def downgrade() -> None:
    op.drop_index("uq_item_in_one_open_plan", table_name="cancellation_plan_item")
    op.create_index(
        "uq_item_in_one_open_plan",
        "cancellation_plan_item",
        ["order_item_id"],
        unique=True,
        postgresql_where=sa.text("is_open"),
    )
    op.drop_constraint(op.f("ck_refund_way_known"), "refund", type_="check")
    op.drop_constraint(op.f("fk_refund_payee_id"), "refund", type_="foreignkey")
    op.drop_constraint(op.f("fk_refund_transfer_batch_id"), "refund", type_="foreignkey")
    op.drop_index(
        "ix_refund_open",
        table_name="refund",
        postgresql_where=sa.text("state NOT IN ('succeeded', 'declined', 'withdrawn')"),
    )
    op.drop_index(
        "ix_refund_batch", table_name="refund", postgresql_where=sa.text("transfer_batch_id IS NOT NULL")
    )
    op.drop_column("refund", "evidence_by_id")
    op.drop_column("refund", "evidence")
    op.drop_column("refund", "transfer_batch_id")
    op.drop_column("refund", "payee_id")
    op.drop_column("refund", "way")
    op.drop_column("cancellation_plan_item", "is_shipping_only")
    op.drop_column("cancellation_plan_item", "refund_amount")
    op.drop_column("cancellation_plan_item", "adjustment_amount")
    op.drop_column("cancellation_plan_item", "difference_amount")
    op.drop_column("cancellation_plan_item", "shipping_interest_amount")
    op.drop_column("cancellation_plan", "fallback_way")
    op.drop_column("cancellation_plan", "released_amount")
    op.drop_column("cancellation_plan", "owed_amount")
    op.drop_column("cancellation_plan", "adjustment_reason")
    op.drop_column("cancellation_plan", "adjustment_amount")
    op.drop_index("ix_refund_attempt_refund", table_name="refund_attempt")
    op.drop_table("refund_attempt")
    op.drop_index("uq_cancellation_plan_tender", table_name="cancellation_plan_tender")
    op.drop_table("cancellation_plan_tender")
    op.drop_index(op.f("ix_payee_order_id"), table_name="payee")
    op.drop_table("payee")
    op.drop_table("transfer_batch")
    op.drop_index(
        "uq_reconciliation_break_open",
        table_name="reconciliation_break",
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_index(op.f("ix_reconciliation_break_order_id"), table_name="reconciliation_break")
    op.drop_table("reconciliation_break")
    op.drop_index("uq_gateway_event_gateway_event", table_name="gateway_event")
    op.drop_table("gateway_event")
    op.drop_table("gateway_account")
