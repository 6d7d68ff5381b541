"""Cancellation plans and requests: what is to be cancelled, why, and how much goes back."""

import uuid
from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, String, Text, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, BigId, CreatedAt, CurrencyColumn, JsonList, MoneyColumn, OptionalMoney

OPEN_PLAN = "status NOT IN ('rejected', 'completed')"
CANCEL_STATUS_KNOWN = (
    "status IN ('waiting','confirmation_waiting','confirmed','approved','rejected','waiting_for_payment',"
    "'manuel_refund_need','completed')"
)


class CancellationReason(Base):
    """Why something is cancelled; `needs_text` asks staff for words of their own."""

    __tablename__ = "cancellation_reason"
    __table_args__ = (CheckConstraint("plan_kind IN ('cancel', 'refund')", name="plan_kind_known"),)

    id: Mapped[BigId]
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    plan_kind: Mapped[str] = mapped_column(String(8))
    needs_text: Mapped[bool] = mapped_column(default=False, server_default="false")
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    sort_order: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[CreatedAt]


class CancellationPlan(Base):
    """One decision about items of one order. Two plans of one staff action share `group_id`.

    kind: cancel (items not shipped, they end as 100) or refund (shipped, they end as 600).
    Amounts freeze at opening and are checked again under the order's lock at approval.
    """

    __tablename__ = "cancellation_plan"
    __table_args__ = (
        Index("ix_cancellation_plan_order", "order_id", text("id DESC")),
        Index("ix_cancellation_plan_open", "status", text("id DESC"), postgresql_where=text(OPEN_PLAN)),
        Index("ix_cancellation_plan_group", "group_id"),
        Index("ix_cancellation_plan_decided", "decided_at", postgresql_where=text("decided_at IS NOT NULL")),
        CheckConstraint(CANCEL_STATUS_KNOWN, name="status_known"),
        CheckConstraint("kind IN ('cancel', 'refund')", name="kind_known"),
        CheckConstraint("origin IN ('staff', 'request', 'channel')", name="origin_known"),
    )

    id: Mapped[BigId]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    group_id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), default=uuid.uuid4)
    kind: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(24), default="waiting", server_default="waiting")
    origin: Mapped[str] = mapped_column(String(8), default="staff", server_default="staff")
    is_all: Mapped[bool] = mapped_column(default=False, server_default="false")
    next_status: Mapped[int | None]
    currency: Mapped[CurrencyColumn]
    computed_amount: Mapped[MoneyColumn]
    forced_refund_amount: Mapped[OptionalMoney]
    refund_amount: Mapped[MoneyColumn]
    # refund_amount less computed_amount, with the reason staff gave for it.
    adjustment_amount: Mapped[MoneyColumn]
    adjustment_reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    # What really moves: captured money that goes back, and reserved money that is let go.
    owed_amount: Mapped[MoneyColumn]
    released_amount: Mapped[MoneyColumn]
    # How money goes back that its payment cannot carry (orders/enums.RefundWay: transfer or loyalty).
    fallback_way: Mapped[str] = mapped_column(String(10), default="transfer", server_default="transfer")
    shipping_policy: Mapped[str] = mapped_column(String(24), default="none", server_default="none")
    shipping_amount: Mapped[MoneyColumn]
    refund_invoice_number: Mapped[str | None] = mapped_column(String(64))
    opened_by_id: Mapped[int | None] = mapped_column(BigInteger)
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger)
    decided_at: Mapped[datetime | None]
    decision_words: Mapped[str | None] = mapped_column(Text)
    problems: Mapped[JsonList]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    created_at: Mapped[CreatedAt]


class CancellationPlanItem(Base):
    """One item in a plan with its frozen shares. An item stands in at most one open plan (guarded by the index).

    `is_shipping_only`: the plan does not end the item, it only pays back its share of shipping.
    refund_amount = shares + difference_amount + adjustment_amount (orders/cancellation/plan.py says what each is).
    """

    __tablename__ = "cancellation_plan_item"
    __table_args__ = (
        Index(
            "uq_item_in_one_open_plan",
            "order_item_id",
            unique=True,
            postgresql_where=text("is_open AND NOT is_shipping_only"),
        ),
        Index("uq_cancellation_plan_item", "plan_id", "order_item_id", unique=True),
        Index("ix_cancellation_plan_item_item", "order_item_id"),
    )

    id: Mapped[BigId]
    plan_id: Mapped[int] = mapped_column(ForeignKey("cancellation_plan.id"))
    order_item_id: Mapped[int] = mapped_column(ForeignKey("order_item.id"))
    is_open: Mapped[bool] = mapped_column(default=True, server_default="true")
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("cancellation_reason.id"))
    reason_text: Mapped[str] = mapped_column(Text, default="", server_default="")
    quantity: Mapped[Decimal] = mapped_column(Numeric(12, 3), default=Decimal(1), server_default="1")
    amount: Mapped[MoneyColumn]
    discount_amount: Mapped[MoneyColumn]
    shipping_amount: Mapped[MoneyColumn]
    interest_amount: Mapped[MoneyColumn]
    shipping_interest_amount: Mapped[MoneyColumn]
    rounding_amount: Mapped[MoneyColumn]
    tax_amount: Mapped[MoneyColumn]
    difference_amount: Mapped[MoneyColumn]
    adjustment_amount: Mapped[MoneyColumn]
    refund_amount: Mapped[MoneyColumn]
    is_shipping_only: Mapped[bool] = mapped_column(default=False, server_default="false")


class CancellationPlanTender(Base):
    """How much of a plan goes back over one payment, and how; frozen at opening, refunds are made from it at approval."""

    __tablename__ = "cancellation_plan_tender"
    __table_args__ = (
        Index("uq_cancellation_plan_tender", "plan_id", "transaction_id", "way", unique=True),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint(
            "way IN ('gateway', 'channel', 'transfer', 'loyalty', 'store', 'manual', 'release')",
            name="way_known",
        ),
    )

    id: Mapped[BigId]
    plan_id: Mapped[int] = mapped_column(ForeignKey("cancellation_plan.id"))
    transaction_id: Mapped[int] = mapped_column(ForeignKey("payment_transaction.id"))
    way: Mapped[str] = mapped_column(String(10))
    amount: Mapped[MoneyColumn]
    interest_amount: Mapped[MoneyColumn]
    payee_id: Mapped[int | None] = mapped_column(ForeignKey("payee.id"))


class CancellationRequest(Base):
    """A customer's or channel's wish to cancel one item; staff confirm, approve or reject it."""

    __tablename__ = "cancellation_request"
    __table_args__ = (
        Index("ix_cancellation_request_order", "order_id", text("id DESC")),
        Index("uq_cancellation_request_remote", "order_item_id", "remote_id", unique=True),
        Index(
            "ix_cancellation_request_open",
            "id",
            postgresql_where=text("status IN ('waiting_approval', 'confirmed')"),
        ),
        CheckConstraint(
            "status IN ('waiting_approval', 'confirmed', 'approved', 'rejected', 'completed')",
            name="status_known",
        ),
    )

    id: Mapped[BigId]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    order_item_id: Mapped[int] = mapped_column(ForeignKey("order_item.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("cancellation_plan.id"))
    remote_id: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(
        String(20), default="waiting_approval", server_default="waiting_approval"
    )
    origin: Mapped[str] = mapped_column(String(10), default="customer", server_default="customer")
    reason_id: Mapped[int | None] = mapped_column(ForeignKey("cancellation_reason.id"))
    reason_text: Mapped[str] = mapped_column(Text, default="", server_default="")
    quantity: Mapped[Decimal] = mapped_column(Numeric(12, 3), default=Decimal(1), server_default="1")
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    created_at: Mapped[CreatedAt]


class ApprovalLimit(Base):
    """Up to which amount a role may approve a plan that the same person opened; a currency without a row needs two."""

    __tablename__ = "approval_limit"
    __table_args__ = (CheckConstraint("amount >= 0", name="amount_not_negative"),)

    role: Mapped[str] = mapped_column(String(16), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    amount: Mapped[MoneyColumn]
    modified_at: Mapped[CreatedAt]
