"""Tenders, the five transaction kinds, refunds and the append-only ledger."""

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.core.db import Base, BigId, CreatedAt, CurrencyColumn, JsonColumn, MoneyColumn, OptionalMoney


class PaymentOption(Base):
    """How a customer can pay. `slug` is what orders carry as payment_option_slug ("credit_card")."""

    __tablename__ = "payment_option"

    id: Mapped[BigId]
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    # The tender its transactions are (orders/enums.TenderKind).
    tender: Mapped[str] = mapped_column(String(20), default="card", server_default="card")
    gateway: Mapped[str | None] = mapped_column(String(40))
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    created_at: Mapped[CreatedAt]


class Installment(Base):
    """A number of monthly parts that a payment option offers; 1 means paid at once."""

    __tablename__ = "installment"
    __table_args__ = (
        Index("uq_installment_option_count", "payment_option_id", "installment_count", unique=True),
        CheckConstraint("installment_count >= 1", name="count_at_least_one"),
    )

    id: Mapped[BigId]
    payment_option_id: Mapped[int] = mapped_column(ForeignKey("payment_option.id"))
    installment_count: Mapped[int]
    label: Mapped[str] = mapped_column(String(120), default="", server_default="")

    payment_option: Mapped[PaymentOption] = relationship(lazy="raise", viewonly=True)


class Transaction(Base):
    """One payment of one order. `holder` says who has the money: us (we refund) or the channel (it refunds).

    captured 0 with authorised > 0 is a reservation on the card; pay on delivery is captured when collected.
    """

    __tablename__ = "payment_transaction"
    __table_args__ = (
        Index("uq_payment_transaction_order_remote", "order_id", "remote_id", unique=True),
        Index("ix_payment_transaction_gateway_ref", "gateway", "gateway_ref"),
        CheckConstraint("captured_amount >= 0 AND authorised_amount >= 0", name="amounts_not_negative"),
        CheckConstraint("holder IN ('us', 'channel')", name="holder_known"),
    )

    id: Mapped[BigId]
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"))
    kind: Mapped[str] = mapped_column(String(20))
    # The channel's name for this payment, or a fixed word ("payment") where a channel knows only one.
    remote_id: Mapped[str] = mapped_column(String(128))
    holder: Mapped[str] = mapped_column(String(8), default="channel", server_default="channel")
    gateway: Mapped[str | None] = mapped_column(String(40))
    gateway_ref: Mapped[str | None] = mapped_column(String(128))
    payment_option_id: Mapped[int | None] = mapped_column(ForeignKey("payment_option.id"))
    currency: Mapped[CurrencyColumn]
    amount: Mapped[MoneyColumn]
    authorised_amount: Mapped[MoneyColumn]
    captured_amount: Mapped[MoneyColumn]
    interest_amount: Mapped[MoneyColumn]
    installment_count: Mapped[int] = mapped_column(default=1, server_default="1")
    bin_number: Mapped[str | None] = mapped_column(String(8))
    # What gateways that refund by item (iyzico) told: {"items": [{"ref", "paid_price", "item"}]}; {} until asked.
    gateway_items: Mapped[JsonColumn]
    extra_field: Mapped[JsonColumn]
    paid_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    created_at: Mapped[CreatedAt]

    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "card"}


class FundsTransferTransaction(Transaction):
    """Money that came by bank transfer."""

    __mapper_args__ = {"polymorphic_identity": "funds_transfer"}


class PayOnDeliveryTransaction(Transaction):
    """Money the courier collects; nothing is captured before that."""

    __mapper_args__ = {"polymorphic_identity": "pay_on_delivery"}


class LoyaltyTransaction(Transaction):
    """Points or gift credit worth money."""

    __mapper_args__ = {"polymorphic_identity": "loyalty"}


class CashRegisterTransaction(Transaction):
    """Money taken in a store."""

    __mapper_args__ = {"polymorphic_identity": "cash_register"}


class MarketplaceTransaction(Transaction):
    """Money the channel took and holds; it refunds when we ask."""

    __mapper_args__ = {"polymorphic_identity": "marketplace"}


class Refund(Base):
    """One movement of money back over one transaction. External refunds (made at the channel) have no plan.

    idem_key is "rf_" and the id, written with the row and never changed; amount, currency and target are frozen.
    """

    __tablename__ = "refund"
    __table_args__ = (
        Index(
            "uq_refund_plan_transaction_item",
            "plan_id",
            "transaction_id",
            "gateway_item",
            unique=True,
            postgresql_where=text(
                "plan_id IS NOT NULL AND state NOT IN ('declined', 'withdrawn') AND way <> 'release'"
            ),
        ),
        Index(
            "uq_refund_plan_release",
            "plan_id",
            "transaction_id",
            unique=True,
            postgresql_where=text(
                "plan_id IS NOT NULL AND state NOT IN ('declined', 'withdrawn') AND way = 'release'"
            ),
        ),
        Index(
            "uq_refund_external",
            "transaction_id",
            "remote_id",
            unique=True,
            postgresql_where=text("remote_id IS NOT NULL"),
        ),
        Index("ix_refund_transaction", "transaction_id"),
        Index("ix_refund_order", "order_id"),
        Index(
            "ix_refund_open",
            "gateway",
            "state",
            postgresql_where=text("state NOT IN ('succeeded', 'declined', 'withdrawn')"),
        ),
        Index("ix_refund_batch", "transfer_batch_id", postgresql_where=text("transfer_batch_id IS NOT NULL")),
        # Not by the reference alone: shops count their refunds from one.
        Index("uq_refund_gateway_gateway_ref", "gateway", "gateway_ref", unique=True),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint(
            "way IN ('gateway', 'channel', 'transfer', 'loyalty', 'store', 'manual', 'release')",
            name="way_known",
        ),
        CheckConstraint(
            "state IN ('ready', 'sending', 'succeeded', 'pending', 'declined', 'unknown', 'manual', 'withdrawn')",
            name="state_known",
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True, default=uuid.uuid4)
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("cancellation_plan.id"))
    transaction_id: Mapped[int] = mapped_column(ForeignKey("payment_transaction.id"))
    gateway_item: Mapped[str] = mapped_column(String(128), default="", server_default="")
    # How it goes back (orders/enums.RefundWay); `release` lets reserved money go and books nothing.
    way: Mapped[str] = mapped_column(String(10), default="gateway", server_default="gateway")
    payee_id: Mapped[int | None] = mapped_column(ForeignKey("payee.id"))
    transfer_batch_id: Mapped[int | None] = mapped_column(ForeignKey("transfer_batch.id"))
    amount: Mapped[MoneyColumn]
    currency: Mapped[CurrencyColumn]
    state: Mapped[str] = mapped_column(String(12), default="ready", server_default="ready")
    idem_key: Mapped[str] = mapped_column(String(64), unique=True)
    # The channel's id of a refund made there; None for our own.
    remote_id: Mapped[str | None] = mapped_column(String(64))
    gateway: Mapped[str | None] = mapped_column(String(40))
    gateway_ref: Mapped[str | None] = mapped_column(String(128))
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    first_sent_at: Mapped[datetime | None]
    last_sent_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    # When a person entered it as done: the bank's or store's reference, in words.
    evidence: Mapped[str] = mapped_column(Text, default="", server_default="")
    evidence_by_id: Mapped[int | None] = mapped_column(BigInteger)
    last_error: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    created_at: Mapped[CreatedAt]


class RefundAttempt(Base):
    """One question to or one order at the gateway, and what came of it; rows are only ever added."""

    __tablename__ = "refund_attempt"
    __table_args__ = (Index("ix_refund_attempt_refund", "refund_id", "id"),)

    id: Mapped[BigId]
    refund_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("refund.id"))
    attempt: Mapped[int]
    phase: Mapped[str] = mapped_column(String(8))
    outcome: Mapped[str] = mapped_column(String(16))
    http_status: Mapped[int | None]
    code: Mapped[str] = mapped_column(String(64), default="", server_default="")
    words: Mapped[str] = mapped_column(Text, default="", server_default="")
    gateway_ref: Mapped[str | None] = mapped_column(String(128))
    started_at: Mapped[datetime]
    at: Mapped[CreatedAt]


class Payee(Base):
    """Where a bank transfer goes. In a table of its own, because it names a person and can be erased."""

    __tablename__ = "payee"

    id: Mapped[BigId]
    order_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("orders.id"), index=True)
    iban: Mapped[str] = mapped_column(String(34), default="", server_default="")
    holder_name: Mapped[str] = mapped_column(String(140), default="", server_default="")
    erased_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class TransferBatch(Base):
    """Bank transfers gathered by finance: exported once, downloaded as often as wanted, closed with the bank's reference."""

    __tablename__ = "transfer_batch"
    __table_args__ = (CheckConstraint("state IN ('gathering', 'exported', 'closed')", name="state_known"),)

    id: Mapped[BigId]
    reference: Mapped[str] = mapped_column(String(35), unique=True)
    currency: Mapped[CurrencyColumn]
    state: Mapped[str] = mapped_column(String(10), default="gathering", server_default="gathering")
    transfer_count: Mapped[int] = mapped_column(default=0, server_default="0")
    total_amount: Mapped[MoneyColumn]
    created_by_id: Mapped[int | None] = mapped_column(BigInteger)
    exported_by_id: Mapped[int | None] = mapped_column(BigInteger)
    exported_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(BigInteger)
    closed_at: Mapped[datetime | None]
    bank_reference: Mapped[str] = mapped_column(String(64), default="", server_default="")
    # What it was exported with: the files can be made again byte for byte, and are compared with these (SHA-256).
    debtor_name: Mapped[str] = mapped_column(String(140), default="", server_default="")
    debtor_iban: Mapped[str] = mapped_column(String(34), default="", server_default="")
    debtor_bic: Mapped[str] = mapped_column(String(11), default="", server_default="")
    execution_date: Mapped[date | None]
    csv_digest: Mapped[str] = mapped_column(String(64), default="", server_default="")
    xml_digest: Mapped[str] = mapped_column(String(64), default="", server_default="")
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    created_at: Mapped[CreatedAt]


class GatewayAccount(Base):
    """One account at a payment gateway. `credentials` is MultiFernet text; `paused_because` set means nothing is sent."""

    __tablename__ = "gateway_account"

    id: Mapped[BigId]
    # What transactions and refunds carry as `gateway`.
    name: Mapped[str] = mapped_column(String(40), unique=True)
    # A key of payments/account_types.py; money of other tenders is moved by people and needs no account.
    gateway_type: Mapped[str] = mapped_column(String(24))
    base_url: Mapped[str] = mapped_column(Text, default="", server_default="")
    credentials: Mapped[str] = mapped_column(Text, default="", server_default="")
    conf: Mapped[JsonColumn]
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    paused_because: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    created_at: Mapped[CreatedAt]


class GatewayEvent(Base):
    """A message a gateway sent us; unique per account and event id, and only a hint to look: its body is not believed."""

    __tablename__ = "gateway_event"
    __table_args__ = (Index("uq_gateway_event_gateway_event", "gateway", "event_id", unique=True),)

    id: Mapped[BigId]
    gateway: Mapped[str] = mapped_column(String(40))
    event_id: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(64), default="", server_default="")
    gateway_ref: Mapped[str | None] = mapped_column(String(128))
    refund_id: Mapped[uuid.UUID | None] = mapped_column(UUID(as_uuid=True))
    received_at: Mapped[CreatedAt]


class ReconciliationBreak(Base):
    """Where a gateway's list and our ledger differ; a person closes it with words."""

    __tablename__ = "reconciliation_break"
    __table_args__ = (
        Index(
            "uq_reconciliation_break_open",
            "gateway",
            "kind",
            "subject",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        CheckConstraint(
            "kind IN ('missing_here', 'missing_there', 'amount', 'currency', 'double')", name="kind_known"
        ),
    )

    id: Mapped[BigId]
    gateway: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(16))
    # The gateway's refund, or ours where it has none.
    subject: Mapped[str] = mapped_column(String(128))
    refund_id: Mapped[uuid.UUID | None] = mapped_column(UUID(as_uuid=True))
    order_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    our_amount: Mapped[OptionalMoney]
    their_amount: Mapped[OptionalMoney]
    our_currency: Mapped[str | None] = mapped_column(String(3))
    their_currency: Mapped[str | None] = mapped_column(String(3))
    found_at: Mapped[CreatedAt]
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(BigInteger)
    closing_words: Mapped[str] = mapped_column(Text, default="", server_default="")


class LedgerEntry(Base):
    """A movement of money that has happened; rows are only ever added (the database refuses UPDATE and DELETE)."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        Index("uq_ledger_entry_refund_kind", "refund_id", "kind", unique=True),
        Index("ix_ledger_entry_at", "at"),
    )

    id: Mapped[BigId]
    refund_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("refund.id"))
    order_id: Mapped[int] = mapped_column(BigInteger, index=True)
    # refund (money out) or reversal (it came back).
    kind: Mapped[str] = mapped_column(String(12))
    amount: Mapped[MoneyColumn]
    currency: Mapped[CurrencyColumn]
    gateway_ref: Mapped[str | None] = mapped_column(String(128))
    at: Mapped[CreatedAt]


class Reconciliation(Base):
    """A settlement statement of a payment provider that items are accounted in."""

    __tablename__ = "reconciliation"

    id: Mapped[BigId]
    reference: Mapped[str] = mapped_column(String(120), unique=True)
    conf: Mapped[JsonColumn]
    created_at: Mapped[CreatedAt]
