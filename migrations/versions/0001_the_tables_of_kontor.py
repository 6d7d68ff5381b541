"""The tables of Kontor."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# The distinct three-letter pieces of a text. PostgreSQL's own pg_trgm is not in every build we run on.
TRIGRAMS = """
CREATE FUNCTION kontor_trigrams(folded text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT array_agg(DISTINCT substr(folded, i, 3)) FROM generate_series(1, length(folded) - 2) AS i)
"""

# What the log and the ledger say has happened; nobody may change it, not even a mistake of ours.
APPEND_ONLY = """
CREATE FUNCTION kontor_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
APPEND_ONLY_TABLES = ("audit_entry", "ledger_entry")

# The key, amount, currency and target of a refund are what was promised to the gateway.
FROZEN_REFUND = """
CREATE FUNCTION kontor_frozen_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.amount, OLD.currency, OLD.transaction_id, OLD.gateway_item, OLD.idem_key)
       IS DISTINCT FROM (NEW.amount, NEW.currency, NEW.transaction_id, NEW.gateway_item, NEW.idem_key) THEN
        RAISE EXCEPTION 'a refund never changes its amount, currency, target or key'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.execute(TRIGRAMS)
    create_tables()
    op.execute(APPEND_ONLY)
    for table in APPEND_ONLY_TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION kontor_append_only()"
        )
    op.execute(FROZEN_REFUND)
    op.execute(
        "CREATE TRIGGER refund_frozen BEFORE UPDATE ON refund FOR EACH ROW EXECUTE FUNCTION kontor_frozen_refund()"
    )


def downgrade() -> None:
    drop_tables()
    op.execute("DROP FUNCTION kontor_append_only")
    op.execute("DROP FUNCTION kontor_frozen_refund")
    op.execute("DROP FUNCTION kontor_trigrams")


def create_tables() -> None:
    op.create_table(
        "approval_limit",
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_approval_limit_amount_not_negative")),
        sa.PrimaryKeyConstraint("role", "currency", name=op.f("pk_approval_limit")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("tag", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("remote_addr", sa.String(length=45), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("subject_type", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("refused", sa.Boolean(), server_default="false", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(
        "ix_audit_entry_order",
        "audit_entry",
        ["order_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.create_index(
        "ix_audit_entry_staff", "audit_entry", ["staff_id", sa.literal_column("id DESC")], unique=False
    )
    op.create_index(
        "ix_audit_entry_subject",
        "audit_entry",
        ["subject_type", "subject_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index("ix_audit_entry_tag", "audit_entry", ["tag", sa.literal_column("id DESC")], unique=False)
    op.create_table(
        "cancellation_reason",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("plan_kind", sa.String(length=8), nullable=False),
        sa.Column("needs_text", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("sort_order", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "plan_kind IN ('cancel', 'refund')", name=op.f("ck_cancellation_reason_plan_kind_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellation_reason")),
        sa.UniqueConstraint("slug", name=op.f("uq_cancellation_reason_slug")),
    )
    op.create_table(
        "cargo_company",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("tracking_url_template", sa.Text(), server_default="", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column(
            "extra_field", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cargo_company")),
        sa.UniqueConstraint("slug", name=op.f("uq_cargo_company_slug")),
    )
    op.create_table(
        "circuit_breaker",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("window_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_probe_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_circuit_breaker")),
    )
    op.create_table(
        "data_source",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_source")),
        sa.UniqueConstraint("slug", name=op.f("uq_data_source_slug")),
    )
    op.create_table(
        "operation",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("queue", sa.String(length=12), nullable=False),
        sa.Column("dedupe_key", sa.String(length=160), nullable=False),
        sa.Column("slot", sa.String(length=120), nullable=True),
        sa.Column("args", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("state", sa.String(length=8), server_default="ready", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("max_attempts", sa.Integer(), server_default="6", nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lease_token", sa.UUID(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("progress_total", sa.Integer(), nullable=True),
        sa.Column("progress_note", sa.Text(), server_default="", nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("requested_by_id", sa.BigInteger(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'leased') = (lease_token IS NOT NULL)", name=op.f("ck_operation_leased_has_token")
        ),
        sa.CheckConstraint(
            "state IN ('ready', 'leased', 'done', 'dead')", name=op.f("ck_operation_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation")),
    )
    op.create_index(
        "ix_operation_channel",
        "operation",
        ["channel_id", "kind", sa.literal_column("created_at DESC")],
        unique=False,
    )
    op.create_index(
        "ix_operation_dead",
        "operation",
        [sa.literal_column("finished_at DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "ix_operation_due",
        "operation",
        ["queue", "next_run_at"],
        unique=False,
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        "ix_operation_lease",
        "operation",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "ix_operation_order",
        "operation",
        ["order_id"],
        unique=False,
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.create_index(
        "ix_operation_recent",
        "operation",
        [sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "uq_operation_kind_slot",
        "operation",
        ["kind", "slot"],
        unique=True,
        postgresql_where=sa.text("slot IS NOT NULL"),
    )
    op.create_index(
        "uq_operation_open_dedupe",
        "operation",
        ["kind", "dedupe_key"],
        unique=True,
        postgresql_where=sa.text("state IN ('ready', 'leased')"),
    )
    op.create_table(
        "payment_option",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("tender", sa.String(length=20), server_default="card", nullable=False),
        sa.Column("gateway", sa.String(length=40), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_option")),
        sa.UniqueConstraint("slug", name=op.f("uq_payment_option_slug")),
    )
    op.create_table(
        "price_list",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_list")),
        sa.UniqueConstraint("code", name=op.f("uq_price_list_code")),
    )
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("conf", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation")),
        sa.UniqueConstraint("reference", name=op.f("uq_reconciliation_reference")),
    )
    op.create_table(
        "sign_in_throttle",
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("window_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "scope IN ('account', 'address')", name=op.f("ck_sign_in_throttle_scope_is_known")
        ),
        sa.PrimaryKeyConstraint("scope", "key_hash", name=op.f("pk_sign_in_throttle")),
    )
    op.create_table(
        "staff_user",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("limited_to_channels", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("language", sa.String(length=5), server_default="en", nullable=False),
        sa.Column("time_zone", sa.String(length=64), server_default="Europe/Istanbul", nullable=False),
        sa.Column("theme", sa.String(length=8), server_default="system", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "password_changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("last_signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("language IN ('en', 'tr', 'ar')", name=op.f("ck_staff_user_language_is_known")),
        sa.CheckConstraint(
            "role IN ('agent', 'supervisor', 'finance', 'operator', 'administrator')",
            name=op.f("ck_staff_user_role_is_known"),
        ),
        sa.CheckConstraint("theme IN ('system', 'light', 'dark')", name=op.f("ck_staff_user_theme_is_known")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_staff_user_email_is_lower_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_user")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_user_email")),
    )
    op.create_table(
        "stock_list",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_list")),
        sa.UniqueConstraint("code", name=op.f("uq_stock_list_code")),
    )
    op.create_table(
        "audit_personal",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entry.id"], name=op.f("fk_audit_personal_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_audit_personal")),
    )
    op.create_index(op.f("ix_audit_personal_customer_id"), "audit_personal", ["customer_id"], unique=False)
    op.create_table(
        "channel",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("channel_type", sa.String(length=40), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("credentials", sa.Text(), server_default="", nullable=False),
        sa.Column("auth_token", sa.Text(), server_default="", nullable=False),
        sa.Column("data_source_id", sa.BigInteger(), nullable=True),
        sa.Column("price_list_id", sa.BigInteger(), nullable=True),
        sa.Column("stock_list_id", sa.BigInteger(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("pull_minutes", sa.Integer(), server_default="5", nullable=False),
        sa.Column("reread_minutes", sa.Integer(), server_default="60", nullable=False),
        sa.Column("address_ownership", sa.String(length=8), server_default="mirror", nullable=False),
        sa.Column("requests_per_minute", sa.Integer(), server_default="240", nullable=False),
        sa.Column("conf", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "address_ownership IN ('owner', 'mirror', 'none')",
            name=op.f("ck_channel_address_ownership_known"),
        ),
        sa.CheckConstraint("pull_minutes >= 0", name=op.f("ck_channel_pull_minutes_not_negative")),
        sa.ForeignKeyConstraint(
            ["data_source_id"], ["data_source.id"], name=op.f("fk_channel_data_source_id")
        ),
        sa.ForeignKeyConstraint(["price_list_id"], ["price_list.id"], name=op.f("fk_channel_price_list_id")),
        sa.ForeignKeyConstraint(["stock_list_id"], ["stock_list.id"], name=op.f("fk_channel_stock_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
        sa.UniqueConstraint("name", name=op.f("uq_channel_name")),
    )
    op.create_table(
        "installment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payment_option_id", sa.BigInteger(), nullable=False),
        sa.Column("installment_count", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=120), server_default="", nullable=False),
        sa.CheckConstraint("installment_count >= 1", name=op.f("ck_installment_count_at_least_one")),
        sa.ForeignKeyConstraint(
            ["payment_option_id"], ["payment_option.id"], name=op.f("fk_installment_payment_option_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installment")),
    )
    op.create_index(
        "uq_installment_option_count", "installment", ["payment_option_id", "installment_count"], unique=True
    )
    op.create_table(
        "product",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sku", sa.String(length=120), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("barcode", sa.String(length=64), nullable=True),
        sa.Column("image_url", sa.Text(), nullable=True),
        sa.Column("data_source_id", sa.BigInteger(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["data_source_id"], ["data_source.id"], name=op.f("fk_product_data_source_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
    )
    op.create_index("uq_product_sku", "product", ["sku"], unique=True)
    op.create_table(
        "staff_session",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.String(length=24), nullable=True),
        sa.Column("remote_addr", sa.String(length=45), nullable=True),
        sa.Column("user_agent", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "octet_length(token_hash) = 32", name=op.f("ck_staff_session_token_hash_is_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_user.id"], name=op.f("fk_staff_session_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_session_token_hash")),
    )
    op.create_index(
        "ix_staff_session_live",
        "staff_session",
        ["staff_id"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("remote_id", sa.String(length=128), nullable=False),
        sa.Column("first_name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("last_name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("email", sa.String(length=254), server_default="", nullable=False),
        sa.Column("email_folded", sa.String(length=254), server_default="", nullable=False),
        sa.Column("phone", sa.String(length=40), server_default="", nullable=False),
        sa.Column("language_code", sa.String(length=10), nullable=True),
        sa.Column("search_folded", sa.Text(), server_default="", nullable=False),
        sa.Column("sort_key", sa.String(length=250), server_default="", nullable=False),
        sa.Column(
            "extra_field", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_customer_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
    )
    op.create_index("ix_customer_email_folded", "customer", ["email_folded"], unique=False)
    op.create_index("uq_customer_remote", "customer", ["channel_id", "remote_id"], unique=True)
    op.create_table(
        "external_status",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_external_status_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_status")),
    )
    op.create_index("uq_external_status_channel_code", "external_status", ["channel_id", "code"], unique=True)
    op.create_table(
        "mapping",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("remote_value", sa.String(length=200), nullable=False),
        sa.Column("local_value", sa.String(length=200), nullable=False),
        sa.Column("conf", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('sku', 'status', 'payment_method', 'cargo_company')", name=op.f("ck_mapping_kind_known")
        ),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_mapping_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapping")),
    )
    op.create_index(
        "uq_mapping_channel_kind_remote", "mapping", ["channel_id", "kind", "remote_value"], unique=True
    )
    op.create_table(
        "product_stock",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("stock_list_id", sa.BigInteger(), nullable=False),
        sa.Column("stock", sa.Numeric(precision=14, scale=3), server_default="0", nullable=False),
        sa.Column("reserved", sa.Numeric(precision=14, scale=3), server_default="0", nullable=False),
        sa.Column("price", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_product_stock_reserved_not_negative")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_product_stock_product_id")),
        sa.ForeignKeyConstraint(
            ["stock_list_id"], ["stock_list.id"], name=op.f("fk_product_stock_stock_list_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_stock")),
    )
    op.create_index("uq_product_stock_list", "product_stock", ["product_id", "stock_list_id"], unique=True)
    op.create_table(
        "pull_cursor",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remote_id", sa.String(length=64), nullable=True),
        sa.Column("last_success_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_pull_cursor_channel_id")),
        sa.PrimaryKeyConstraint("channel_id", "kind", name=op.f("pk_pull_cursor")),
    )
    op.create_table(
        "rate_bucket",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.Numeric(precision=12, scale=4), server_default="0", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_rate_bucket_channel_id")),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_rate_bucket")),
    )
    op.create_table(
        "remote_record",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=24), server_default="order", nullable=False),
        sa.Column("remote_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("remote_modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=10), server_default="received", nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("failure_class", sa.String(length=12), nullable=True),
        sa.Column("failure_words", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "failure_class IS NULL OR failure_class IN ('mapping', 'validation', 'money', 'remote', 'bug')",
            name=op.f("ck_remote_record_failure_class_known"),
        ),
        sa.CheckConstraint(
            "state IN ('received', 'applied', 'skipped', 'failed')", name=op.f("ck_remote_record_state_known")
        ),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_remote_record_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remote_record")),
    )
    op.create_index(
        "ix_remote_record_failed",
        "remote_record",
        ["channel_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_index("ix_remote_record_order", "remote_record", ["order_id"], unique=False)
    op.create_index(
        "uq_remote_record_channel_kind_remote",
        "remote_record",
        ["channel_id", "kind", "remote_id"],
        unique=True,
    )
    op.create_table(
        "staff_channel",
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_staff_channel_channel_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_user.id"], name=op.f("fk_staff_channel_staff_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("staff_id", "channel_id", name=op.f("pk_staff_channel")),
    )
    op.create_index(op.f("ix_staff_channel_channel_id"), "staff_channel", ["channel_id"], unique=False)
    op.create_table(
        "webhook_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("topic", sa.String(length=64), server_default="", nullable=False),
        sa.Column("remote_id", sa.String(length=64), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_webhook_event_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_event")),
    )
    op.create_index(
        "uq_webhook_event_channel_event", "webhook_event", ["channel_id", "event_id"], unique=True
    )
    op.create_table(
        "address",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("first_name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("last_name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("company", sa.String(length=200), server_default="", nullable=False),
        sa.Column("line1", sa.String(length=300), server_default="", nullable=False),
        sa.Column("line2", sa.String(length=300), server_default="", nullable=False),
        sa.Column("district", sa.String(length=120), server_default="", nullable=False),
        sa.Column("city", sa.String(length=120), server_default="", nullable=False),
        sa.Column("state", sa.String(length=120), server_default="", nullable=False),
        sa.Column("postcode", sa.String(length=20), server_default="", nullable=False),
        sa.Column("country", sa.String(length=2), server_default="", nullable=False),
        sa.Column("phone", sa.String(length=40), server_default="", nullable=False),
        sa.Column("email", sa.String(length=254), server_default="", nullable=False),
        sa.Column("tax_office", sa.String(length=120), server_default="", nullable=False),
        sa.Column("tax_number", sa.String(length=40), server_default="", nullable=False),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("char_length(country) IN (0, 2)", name=op.f("ck_address_country_is_iso_alpha2")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_address_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
    )
    op.create_index("uq_address_content", "address", ["customer_id", "content_hash"], unique=True)
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("remote_id", sa.String(length=64), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("date_placed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("shipping_address_id", sa.BigInteger(), nullable=False),
        sa.Column("billing_address_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("discount_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("shipping_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column(
            "shipping_discount_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False
        ),
        sa.Column("shipping_tax_rate", sa.Numeric(precision=6, scale=3), nullable=True),
        sa.Column(
            "installment_interest_amount",
            sa.Numeric(precision=18, scale=4),
            server_default="0",
            nullable=False,
        ),
        sa.Column(
            "shipping_interest_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False
        ),
        sa.Column("rounding_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column(
            "unapplied_discount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False
        ),
        sa.Column("money_mismatch", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("refund_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column(
            "discount_refund_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False
        ),
        sa.Column(
            "shipping_refund_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False
        ),
        sa.Column("payment_option_id", sa.BigInteger(), nullable=True),
        sa.Column("payment_option_slug", sa.String(length=64), nullable=True),
        sa.Column("bin_number", sa.String(length=8), nullable=True),
        sa.Column("installment_id", sa.BigInteger(), nullable=True),
        sa.Column("installment_count", sa.Integer(), server_default="1", nullable=False),
        sa.Column("cargo_company_id", sa.BigInteger(), nullable=True),
        sa.Column("shipping_company", sa.String(length=64), nullable=True),
        sa.Column("tracking_number", sa.String(length=64), nullable=True),
        sa.Column("tracking_url", sa.Text(), nullable=True),
        sa.Column("carrier_shipping_code", sa.String(length=64), nullable=True),
        sa.Column("shipping_option_slug", sa.String(length=64), nullable=True),
        sa.Column("delivery_type", sa.String(length=24), nullable=True),
        sa.Column("delivery_range", postgresql.TSTZRANGE(), nullable=True),
        sa.Column("invoice_number", sa.String(length=64), nullable=True),
        sa.Column("invoice_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("e_archive_url", sa.Text(), nullable=True),
        sa.Column("is_send", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("cancel_status", sa.String(length=24), nullable=True),
        sa.Column(
            "cancellation_info", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("has_open_plan", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("partially_cancelled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("partially_refunded", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("partially_shipped", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("external_status_id", sa.BigInteger(), nullable=True),
        sa.Column("checkout_provider_id", sa.Integer(), nullable=True),
        sa.Column("remote_addr", postgresql.INET(), nullable=True),
        sa.Column("client_type", sa.String(length=16), server_default="default", nullable=False),
        sa.Column("language_code", sa.String(length=10), nullable=True),
        sa.Column("segment", sa.String(length=64), nullable=True),
        sa.Column("has_gift_box", sa.Boolean(), nullable=True),
        sa.Column("gift_box_note", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column(
            "extra_field", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("item_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("remote_modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "cancel_status IS NULL OR cancel_status IN ('waiting','confirmation_waiting','confirmed','approved','rejected','waiting_for_payment','manuel_refund_need','completed')",
            name=op.f("ck_orders_cancel_status_known"),
        ),
        sa.CheckConstraint(
            "discount_refund_amount >= 0 AND discount_refund_amount <= discount_amount",
            name=op.f("ck_orders_discount_refund_within_discount"),
        ),
        sa.CheckConstraint(
            "refund_amount >= 0 AND shipping_refund_amount >= 0", name=op.f("ck_orders_refunds_not_negative")
        ),
        sa.CheckConstraint(
            "status IN (50,100,200,300,350,400,450,500,510,520,540,544,545,550,600)",
            name=op.f("ck_orders_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["billing_address_id"], ["address.id"], name=op.f("fk_orders_billing_address_id")
        ),
        sa.ForeignKeyConstraint(
            ["cargo_company_id"], ["cargo_company.id"], name=op.f("fk_orders_cargo_company_id")
        ),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_orders_channel_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_orders_customer_id")),
        sa.ForeignKeyConstraint(
            ["external_status_id"], ["external_status.id"], name=op.f("fk_orders_external_status_id")
        ),
        sa.ForeignKeyConstraint(
            ["installment_id"], ["installment.id"], name=op.f("fk_orders_installment_id")
        ),
        sa.ForeignKeyConstraint(
            ["payment_option_id"], ["payment_option.id"], name=op.f("fk_orders_payment_option_id")
        ),
        sa.ForeignKeyConstraint(
            ["shipping_address_id"], ["address.id"], name=op.f("fk_orders_shipping_address_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
    )
    op.create_index(
        "ix_orders_amount",
        "orders",
        [sa.literal_column("amount DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_orders_cancel_status_placed",
        "orders",
        ["cancel_status", sa.literal_column("date_placed DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("cancel_status IS NOT NULL"),
    )
    op.create_index(
        "ix_orders_cargo_placed",
        "orders",
        ["cargo_company_id", sa.literal_column("date_placed DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_orders_channel_placed",
        "orders",
        ["channel_id", sa.literal_column("date_placed DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_orders_customer_placed",
        "orders",
        ["customer_id", sa.literal_column("date_placed DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index("ix_orders_modified", "orders", ["modified_at", "id"], unique=False)
    op.create_index(
        "ix_orders_money_mismatch",
        "orders",
        [sa.literal_column("date_placed DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("money_mismatch"),
    )
    op.create_index(
        "ix_orders_not_sent",
        "orders",
        [sa.literal_column("date_placed DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("NOT is_send"),
    )
    op.create_index("ix_orders_number", "orders", ["number"], unique=False)
    op.create_index(
        "ix_orders_payment_placed",
        "orders",
        ["payment_option_id", sa.literal_column("date_placed DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_orders_placed",
        "orders",
        [sa.literal_column("date_placed DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_orders_status_placed",
        "orders",
        ["status", sa.literal_column("date_placed DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index("uq_orders_channel_number", "orders", ["channel_id", "number"], unique=True)
    op.create_index("uq_orders_channel_remote", "orders", ["channel_id", "remote_id"], unique=True)
    op.create_table(
        "cancellation_plan",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=24), server_default="waiting", nullable=False),
        sa.Column("origin", sa.String(length=8), server_default="staff", nullable=False),
        sa.Column("is_all", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("next_status", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("computed_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("forced_refund_amount", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("refund_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("shipping_policy", sa.String(length=24), server_default="none", nullable=False),
        sa.Column("shipping_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("refund_invoice_number", sa.String(length=64), nullable=True),
        sa.Column("opened_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_words", sa.Text(), nullable=True),
        sa.Column("problems", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('cancel', 'refund')", name=op.f("ck_cancellation_plan_kind_known")),
        sa.CheckConstraint(
            "origin IN ('staff', 'request', 'channel')", name=op.f("ck_cancellation_plan_origin_known")
        ),
        sa.CheckConstraint(
            "status IN ('waiting','confirmation_waiting','confirmed','approved','rejected','waiting_for_payment','manuel_refund_need','completed')",
            name=op.f("ck_cancellation_plan_status_known"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_cancellation_plan_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellation_plan")),
    )
    op.create_index("ix_cancellation_plan_group", "cancellation_plan", ["group_id"], unique=False)
    op.create_index(
        "ix_cancellation_plan_open",
        "cancellation_plan",
        ["status", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("status NOT IN ('rejected', 'completed')"),
    )
    op.create_index(
        "ix_cancellation_plan_order",
        "cancellation_plan",
        ["order_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "order_note",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_note_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_note")),
    )
    op.create_index(
        "ix_order_note_order", "order_note", ["order_id", sa.literal_column("id DESC")], unique=False
    )
    op.create_table(
        "order_search",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("date_placed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_search_order_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_search")),
    )
    op.create_index(
        "ix_order_search_placed",
        "order_search",
        [sa.literal_column("date_placed DESC"), sa.literal_column("order_id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_order_search_trigrams",
        "order_search",
        [sa.literal_column("kontor_trigrams(folded)")],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "package",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cargo_company_id", sa.BigInteger(), nullable=True),
        sa.Column("tracking_number", sa.String(length=64), nullable=True),
        sa.Column("tracking_url", sa.Text(), nullable=True),
        sa.Column("label_issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["cargo_company_id"], ["cargo_company.id"], name=op.f("fk_package_cargo_company_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_package_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package")),
    )
    op.create_index("uq_package_order_number", "package", ["order_id", "number"], unique=True)
    op.create_table(
        "payment_transaction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("remote_id", sa.String(length=128), nullable=False),
        sa.Column("holder", sa.String(length=8), server_default="channel", nullable=False),
        sa.Column("gateway", sa.String(length=40), nullable=True),
        sa.Column("gateway_ref", sa.String(length=128), nullable=True),
        sa.Column("payment_option_id", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("authorised_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("captured_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("interest_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("installment_count", sa.Integer(), server_default="1", nullable=False),
        sa.Column("bin_number", sa.String(length=8), nullable=True),
        sa.Column(
            "gateway_items", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column(
            "extra_field", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("holder IN ('us', 'channel')", name=op.f("ck_payment_transaction_holder_known")),
        sa.CheckConstraint(
            "captured_amount >= 0 AND authorised_amount >= 0",
            name=op.f("ck_payment_transaction_amounts_not_negative"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_payment_transaction_order_id")),
        sa.ForeignKeyConstraint(
            ["payment_option_id"],
            ["payment_option.id"],
            name=op.f("fk_payment_transaction_payment_option_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_transaction")),
    )
    op.create_index(
        "ix_payment_transaction_gateway_ref", "payment_transaction", ["gateway", "gateway_ref"], unique=False
    )
    op.create_index(
        "uq_payment_transaction_order_remote", "payment_transaction", ["order_id", "remote_id"], unique=True
    )
    op.create_table(
        "vendor_order",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("data_source_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("remote_id", sa.String(length=64), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column(
            "extra_field", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["data_source_id"], ["data_source.id"], name=op.f("fk_vendor_order_data_source_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_vendor_order_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vendor_order")),
    )
    op.create_index("uq_vendor_order_source", "vendor_order", ["order_id", "data_source_id"], unique=True)
    op.create_table(
        "order_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("remote_line_id", sa.String(length=64), nullable=False),
        sa.Column("part", sa.Integer(), server_default="0", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("sku", sa.String(length=120), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("quantity", sa.Numeric(precision=12, scale=3), server_default="1", nullable=False),
        sa.Column("ordered_quantity", sa.Numeric(precision=12, scale=3), server_default="1", nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("status_before_cancel", sa.Integer(), nullable=True),
        sa.Column("cancel_status", sa.String(length=24), nullable=True),
        sa.Column("forced_refund", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("external_status_id", sa.BigInteger(), nullable=True),
        sa.Column("price_currency", sa.String(length=3), nullable=False),
        sa.Column("price", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("retail_price", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("discount_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("shipping_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column(
            "installment_interest_amount",
            sa.Numeric(precision=18, scale=4),
            server_default="0",
            nullable=False,
        ),
        sa.Column(
            "shipping_interest_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False
        ),
        sa.Column("rounding_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("tax_rate", sa.Numeric(precision=6, scale=3), nullable=True),
        sa.Column("tax_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("refund_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column(
            "discount_refund_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False
        ),
        sa.Column(
            "shipping_refund_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False
        ),
        sa.Column("invoice_number", sa.String(length=64), nullable=True),
        sa.Column("invoice_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("e_archive_url", sa.Text(), nullable=True),
        sa.Column("tracking_number", sa.String(length=64), nullable=True),
        sa.Column("tracking_url", sa.Text(), nullable=True),
        sa.Column("shipping_company", sa.String(length=64), nullable=True),
        sa.Column("cargo_company_id", sa.BigInteger(), nullable=True),
        sa.Column("carrier_shipping_code", sa.String(length=64), nullable=True),
        sa.Column("shipment_code", sa.String(length=64), nullable=True),
        sa.Column("package_id", sa.BigInteger(), nullable=True),
        sa.Column("estimated_delivery_date", sa.Date(), nullable=True),
        sa.Column("shipped_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("image", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("price_list_id", sa.BigInteger(), nullable=True),
        sa.Column("stock_list_id", sa.BigInteger(), nullable=True),
        sa.Column("data_source_id", sa.BigInteger(), nullable=True),
        sa.Column("reconciliation_id", sa.BigInteger(), nullable=True),
        sa.Column("cancellation_reconciliation_id", sa.BigInteger(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column(
            "attributes_kwargs", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column(
            "localized_attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column(
            "localized_attributes_kwargs",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column(
            "extra_field", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column(
            "price_steps", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 50) = (status_before_cancel IS NOT NULL)",
            name=op.f("ck_order_item_cancel_waiting_remembers_status"),
        ),
        sa.CheckConstraint(
            "discount_amount >= 0 AND discount_amount <= amount",
            name=op.f("ck_order_item_discount_within_amount"),
        ),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_order_item_quantity_not_negative")),
        sa.CheckConstraint(
            "refund_amount >= 0 AND discount_refund_amount >= 0 AND shipping_refund_amount >= 0",
            name=op.f("ck_order_item_refunds_not_negative"),
        ),
        sa.CheckConstraint(
            "status IN (50,100,200,300,350,400,450,500,510,520,540,544,545,550,600)",
            name=op.f("ck_order_item_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["cancellation_reconciliation_id"],
            ["reconciliation.id"],
            name=op.f("fk_order_item_cancellation_reconciliation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["cargo_company_id"], ["cargo_company.id"], name=op.f("fk_order_item_cargo_company_id")
        ),
        sa.ForeignKeyConstraint(
            ["data_source_id"], ["data_source.id"], name=op.f("fk_order_item_data_source_id")
        ),
        sa.ForeignKeyConstraint(
            ["external_status_id"], ["external_status.id"], name=op.f("fk_order_item_external_status_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_item_order_id")),
        sa.ForeignKeyConstraint(["package_id"], ["package.id"], name=op.f("fk_order_item_package_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["order_item.id"], name=op.f("fk_order_item_parent_id")),
        sa.ForeignKeyConstraint(
            ["price_list_id"], ["price_list.id"], name=op.f("fk_order_item_price_list_id")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_order_item_product_id")),
        sa.ForeignKeyConstraint(
            ["reconciliation_id"], ["reconciliation.id"], name=op.f("fk_order_item_reconciliation_id")
        ),
        sa.ForeignKeyConstraint(
            ["stock_list_id"], ["stock_list.id"], name=op.f("fk_order_item_stock_list_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_item")),
    )
    op.create_index("ix_order_item_product", "order_item", ["product_id"], unique=False)
    op.create_index("ix_order_item_sku", "order_item", ["sku"], unique=False)
    op.create_index(
        "ix_order_item_tracking",
        "order_item",
        ["tracking_number"],
        unique=False,
        postgresql_where=sa.text("tracking_number IS NOT NULL"),
    )
    op.create_index(
        "uq_order_item_remote_line_part", "order_item", ["order_id", "remote_line_id", "part"], unique=True
    )
    op.create_table(
        "refund",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("gateway_item", sa.String(length=128), server_default="", nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=12), server_default="ready", nullable=False),
        sa.Column("idem_key", sa.String(length=64), nullable=False),
        sa.Column("remote_id", sa.String(length=64), nullable=True),
        sa.Column("gateway", sa.String(length=40), nullable=True),
        sa.Column("gateway_ref", sa.String(length=128), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("first_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('ready', 'sending', 'succeeded', 'pending', 'declined', 'unknown', 'manual', 'withdrawn')",
            name=op.f("ck_refund_state_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refund_amount_positive")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_refund_order_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["cancellation_plan.id"], name=op.f("fk_refund_plan_id")),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["payment_transaction.id"], name=op.f("fk_refund_transaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("gateway_ref", name=op.f("uq_refund_gateway_ref")),
        sa.UniqueConstraint("idem_key", name=op.f("uq_refund_idem_key")),
    )
    op.create_index("ix_refund_order", "refund", ["order_id"], unique=False)
    op.create_index("ix_refund_transaction", "refund", ["transaction_id"], unique=False)
    op.create_index(
        "uq_refund_external",
        "refund",
        ["transaction_id", "remote_id"],
        unique=True,
        postgresql_where=sa.text("remote_id IS NOT NULL"),
    )
    op.create_index(
        "uq_refund_plan_transaction_item",
        "refund",
        ["plan_id", "transaction_id", "gateway_item"],
        unique=True,
        postgresql_where=sa.text("plan_id IS NOT NULL AND state NOT IN ('declined', 'withdrawn')"),
    )
    op.create_table(
        "cancellation_plan_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("order_item_id", sa.BigInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("reason_id", sa.BigInteger(), nullable=True),
        sa.Column("reason_text", sa.Text(), server_default="", nullable=False),
        sa.Column("quantity", sa.Numeric(precision=12, scale=3), server_default="1", nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("discount_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("shipping_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("interest_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("rounding_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("tax_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["order_item_id"], ["order_item.id"], name=op.f("fk_cancellation_plan_item_order_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["cancellation_plan.id"], name=op.f("fk_cancellation_plan_item_plan_id")
        ),
        sa.ForeignKeyConstraint(
            ["reason_id"], ["cancellation_reason.id"], name=op.f("fk_cancellation_plan_item_reason_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellation_plan_item")),
    )
    op.create_index(
        "uq_cancellation_plan_item", "cancellation_plan_item", ["plan_id", "order_item_id"], unique=True
    )
    op.create_index(
        "uq_item_in_one_open_plan",
        "cancellation_plan_item",
        ["order_item_id"],
        unique=True,
        postgresql_where=sa.text("is_open"),
    )
    op.create_table(
        "cancellation_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_item_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("remote_id", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=20), server_default="waiting_approval", nullable=False),
        sa.Column("origin", sa.String(length=10), server_default="customer", nullable=False),
        sa.Column("reason_id", sa.BigInteger(), nullable=True),
        sa.Column("reason_text", sa.Text(), server_default="", nullable=False),
        sa.Column("quantity", sa.Numeric(precision=12, scale=3), server_default="1", nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('waiting_approval', 'confirmed', 'approved', 'rejected', 'completed')",
            name=op.f("ck_cancellation_request_status_known"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_cancellation_request_order_id")),
        sa.ForeignKeyConstraint(
            ["order_item_id"], ["order_item.id"], name=op.f("fk_cancellation_request_order_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["cancellation_plan.id"], name=op.f("fk_cancellation_request_plan_id")
        ),
        sa.ForeignKeyConstraint(
            ["reason_id"], ["cancellation_reason.id"], name=op.f("fk_cancellation_request_reason_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellation_request")),
    )
    op.create_index(
        "ix_cancellation_request_order",
        "cancellation_request",
        ["order_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "uq_cancellation_request_remote", "cancellation_request", ["order_item_id", "remote_id"], unique=True
    )
    op.create_table(
        "discount_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_item_id", sa.BigInteger(), nullable=True),
        sa.Column("remote_id", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("code", sa.String(length=120), server_default="", nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("applied_amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column(
            "benefit_lines", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
        sa.Column("also_shipping", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "scope IN ('line', 'order', 'shipping', 'fee')", name=op.f("ck_discount_item_scope_known")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_discount_item_order_id")),
        sa.ForeignKeyConstraint(
            ["order_item_id"], ["order_item.id"], name=op.f("fk_discount_item_order_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discount_item")),
    )
    op.create_index("uq_discount_item_remote", "discount_item", ["order_id", "remote_id"], unique=True)
    op.create_table(
        "integration_action",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_item_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=12), server_default="waiting", nullable=False),
        sa.Column("args", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failure_code", sa.String(length=64), nullable=True),
        sa.Column("failure_words", sa.Text(), nullable=True),
        sa.Column("remote_ref", sa.String(length=128), nullable=True),
        sa.Column("requested_by_id", sa.BigInteger(), nullable=True),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'failed', 'given_up', 'unsupported')",
            name=op.f("ck_integration_action_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_integration_action_channel_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_integration_action_order_id")),
        sa.ForeignKeyConstraint(
            ["order_item_id"], ["order_item.id"], name=op.f("fk_integration_action_order_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration_action")),
    )
    op.create_index(
        "ix_integration_action_due",
        "integration_action",
        ["channel_id", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'failed')"),
    )
    op.create_index(
        "ix_integration_action_order",
        "integration_action",
        ["order_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("refund_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("gateway_ref", sa.String(length=128), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"], name=op.f("fk_ledger_entry_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
    )
    op.create_index(op.f("ix_ledger_entry_order_id"), "ledger_entry", ["order_id"], unique=False)
    op.create_index("uq_ledger_entry_refund_kind", "ledger_entry", ["refund_id", "kind"], unique=True)
    op.create_table(
        "order_item_transaction",
        sa.Column("order_item_id", sa.BigInteger(), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_item_id"], ["order_item.id"], name=op.f("fk_order_item_transaction_order_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["payment_transaction.id"],
            name=op.f("fk_order_item_transaction_transaction_id"),
        ),
        sa.PrimaryKeyConstraint("order_item_id", "transaction_id", name=op.f("pk_order_item_transaction")),
    )
    op.create_table(
        "vendor_order_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("vendor_order_id", sa.BigInteger(), nullable=False),
        sa.Column("order_item_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("remote_line_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_item_id"], ["order_item.id"], name=op.f("fk_vendor_order_item_order_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["vendor_order_id"], ["vendor_order.id"], name=op.f("fk_vendor_order_item_vendor_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vendor_order_item")),
    )
    op.create_index(
        "uq_vendor_order_item", "vendor_order_item", ["vendor_order_id", "order_item_id"], unique=True
    )


def drop_tables() -> None:
    op.drop_index("uq_vendor_order_item", table_name="vendor_order_item")
    op.drop_table("vendor_order_item")
    op.drop_table("order_item_transaction")
    op.drop_index("uq_ledger_entry_refund_kind", table_name="ledger_entry")
    op.drop_index(op.f("ix_ledger_entry_order_id"), table_name="ledger_entry")
    op.drop_table("ledger_entry")
    op.drop_index("ix_integration_action_order", table_name="integration_action")
    op.drop_index(
        "ix_integration_action_due",
        table_name="integration_action",
        postgresql_where=sa.text("state IN ('waiting', 'failed')"),
    )
    op.drop_table("integration_action")
    op.drop_index("uq_discount_item_remote", table_name="discount_item")
    op.drop_table("discount_item")
    op.drop_index("uq_cancellation_request_remote", table_name="cancellation_request")
    op.drop_index("ix_cancellation_request_order", table_name="cancellation_request")
    op.drop_table("cancellation_request")
    op.drop_index(
        "uq_item_in_one_open_plan", table_name="cancellation_plan_item", postgresql_where=sa.text("is_open")
    )
    op.drop_index("uq_cancellation_plan_item", table_name="cancellation_plan_item")
    op.drop_table("cancellation_plan_item")
    op.drop_index(
        "uq_refund_plan_transaction_item",
        table_name="refund",
        postgresql_where=sa.text("plan_id IS NOT NULL AND state NOT IN ('declined', 'withdrawn')"),
    )
    op.drop_index(
        "uq_refund_external", table_name="refund", postgresql_where=sa.text("remote_id IS NOT NULL")
    )
    op.drop_index("ix_refund_transaction", table_name="refund")
    op.drop_index("ix_refund_order", table_name="refund")
    op.drop_table("refund")
    op.drop_index("uq_order_item_remote_line_part", table_name="order_item")
    op.drop_index(
        "ix_order_item_tracking",
        table_name="order_item",
        postgresql_where=sa.text("tracking_number IS NOT NULL"),
    )
    op.drop_index("ix_order_item_sku", table_name="order_item")
    op.drop_index("ix_order_item_product", table_name="order_item")
    op.drop_table("order_item")
    op.drop_index("uq_vendor_order_source", table_name="vendor_order")
    op.drop_table("vendor_order")
    op.drop_index("uq_payment_transaction_order_remote", table_name="payment_transaction")
    op.drop_index("ix_payment_transaction_gateway_ref", table_name="payment_transaction")
    op.drop_table("payment_transaction")
    op.drop_index("uq_package_order_number", table_name="package")
    op.drop_table("package")
    op.drop_index("ix_order_search_trigrams", table_name="order_search", postgresql_using="gin")
    op.drop_index("ix_order_search_placed", table_name="order_search")
    op.drop_table("order_search")
    op.drop_index("ix_order_note_order", table_name="order_note")
    op.drop_table("order_note")
    op.drop_index("ix_cancellation_plan_order", table_name="cancellation_plan")
    op.drop_index(
        "ix_cancellation_plan_open",
        table_name="cancellation_plan",
        postgresql_where=sa.text("status NOT IN ('rejected', 'completed')"),
    )
    op.drop_index("ix_cancellation_plan_group", table_name="cancellation_plan")
    op.drop_table("cancellation_plan")
    op.drop_index("uq_orders_channel_remote", table_name="orders")
    op.drop_index("uq_orders_channel_number", table_name="orders")
    op.drop_index("ix_orders_status_placed", table_name="orders")
    op.drop_index("ix_orders_placed", table_name="orders")
    op.drop_index("ix_orders_payment_placed", table_name="orders")
    op.drop_index("ix_orders_number", table_name="orders")
    op.drop_index("ix_orders_not_sent", table_name="orders", postgresql_where=sa.text("NOT is_send"))
    op.drop_index("ix_orders_money_mismatch", table_name="orders", postgresql_where=sa.text("money_mismatch"))
    op.drop_index("ix_orders_modified", table_name="orders")
    op.drop_index("ix_orders_customer_placed", table_name="orders")
    op.drop_index("ix_orders_channel_placed", table_name="orders")
    op.drop_index("ix_orders_cargo_placed", table_name="orders")
    op.drop_index(
        "ix_orders_cancel_status_placed",
        table_name="orders",
        postgresql_where=sa.text("cancel_status IS NOT NULL"),
    )
    op.drop_index("ix_orders_amount", table_name="orders")
    op.drop_table("orders")
    op.drop_index("uq_address_content", table_name="address")
    op.drop_table("address")
    op.drop_index("uq_webhook_event_channel_event", table_name="webhook_event")
    op.drop_table("webhook_event")
    op.drop_index(op.f("ix_staff_channel_channel_id"), table_name="staff_channel")
    op.drop_table("staff_channel")
    op.drop_index("uq_remote_record_channel_kind_remote", table_name="remote_record")
    op.drop_index("ix_remote_record_order", table_name="remote_record")
    op.drop_index(
        "ix_remote_record_failed", table_name="remote_record", postgresql_where=sa.text("state = 'failed'")
    )
    op.drop_table("remote_record")
    op.drop_table("rate_bucket")
    op.drop_table("pull_cursor")
    op.drop_index("uq_product_stock_list", table_name="product_stock")
    op.drop_table("product_stock")
    op.drop_index("uq_mapping_channel_kind_remote", table_name="mapping")
    op.drop_table("mapping")
    op.drop_index("uq_external_status_channel_code", table_name="external_status")
    op.drop_table("external_status")
    op.drop_index("uq_customer_remote", table_name="customer")
    op.drop_index("ix_customer_email_folded", table_name="customer")
    op.drop_table("customer")
    op.drop_index(
        "ix_staff_session_live", table_name="staff_session", postgresql_where=sa.text("ended_at IS NULL")
    )
    op.drop_table("staff_session")
    op.drop_index("uq_product_sku", table_name="product")
    op.drop_table("product")
    op.drop_index("uq_installment_option_count", table_name="installment")
    op.drop_table("installment")
    op.drop_table("channel")
    op.drop_index(op.f("ix_audit_personal_customer_id"), table_name="audit_personal")
    op.drop_table("audit_personal")
    op.drop_table("stock_list")
    op.drop_table("staff_user")
    op.drop_table("sign_in_throttle")
    op.drop_table("reconciliation")
    op.drop_table("price_list")
    op.drop_table("payment_option")
    op.drop_index(
        "uq_operation_open_dedupe",
        table_name="operation",
        postgresql_where=sa.text("state IN ('ready', 'leased')"),
    )
    op.drop_index(
        "uq_operation_kind_slot", table_name="operation", postgresql_where=sa.text("slot IS NOT NULL")
    )
    op.drop_index("ix_operation_recent", table_name="operation")
    op.drop_index(
        "ix_operation_order", table_name="operation", postgresql_where=sa.text("order_id IS NOT NULL")
    )
    op.drop_index("ix_operation_lease", table_name="operation", postgresql_where=sa.text("state = 'leased'"))
    op.drop_index("ix_operation_due", table_name="operation", postgresql_where=sa.text("state = 'ready'"))
    op.drop_index("ix_operation_dead", table_name="operation", postgresql_where=sa.text("state = 'dead'"))
    op.drop_index("ix_operation_channel", table_name="operation")
    op.drop_table("operation")
    op.drop_table("data_source")
    op.drop_table("circuit_breaker")
    op.drop_table("cargo_company")
    op.drop_table("cancellation_reason")
    op.drop_index("ix_audit_entry_tag", table_name="audit_entry")
    op.drop_index("ix_audit_entry_subject", table_name="audit_entry")
    op.drop_index("ix_audit_entry_staff", table_name="audit_entry")
    op.drop_index(
        "ix_audit_entry_order", table_name="audit_entry", postgresql_where=sa.text("order_id IS NOT NULL")
    )
    op.drop_table("audit_entry")
    op.drop_table("approval_limit")
