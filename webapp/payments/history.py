"""A payment as its gateway tells it: asked for on demand as an operation, its answer read from the operation's result.

The result holds amounts, states and names of payments; never who paid.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext
from webapp.core.errors import Conflict, PaymentError
from webapp.core.operations import NewOperation, Operation, OperationState, Queue, create
from webapp.core.text import N_
from webapp.payments.account_types import BY_ITEM_TYPES, PAYING_TYPES
from webapp.payments.gateway import BasketItem, FoundRefund, Outcome, PaymentHistory, Standing
from webapp.payments.models import GatewayAccount, Refund, Transaction

KIND: Final = "payment.history"


@dataclass(frozen=True, slots=True)
class ToldRefund:
    """One refund in the gateway's books; `is_ours` says whether Kontor ordered it."""

    gateway_ref: str
    amount: Decimal
    outcome: Outcome
    is_ours: bool
    at: datetime | None


@dataclass(frozen=True, slots=True)
class ToldPayment:
    """One payment in the gateway's words; `words` instead of amounts where it could not be asked."""

    transaction_id: int
    gateway: str
    words: str = ""
    standing: Standing = Standing.OPEN
    currency: str = ""
    authorised: Decimal = Decimal(0)
    captured: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    refunds: tuple[ToldRefund, ...] = ()

    @property
    def was_told(self) -> bool:
        """Whether the gateway answered."""
        return not self.words


def get_payment_history(session: Session, order_id: int, context: AuditContext) -> tuple[Operation, bool]:
    """Ask the gateways for the order's payments; a second asker joins the question that is open (False).

    Raises Conflict when no gateway of ours holds a payment of this order.
    """
    if not askable(session, order_id):
        raise Conflict(
            N_("No payment of this order lies at a gateway that could be asked."), code="nothing_to_ask"
        )
    return create(session, history_of(order_id, context.staff_id, context.request_id))


def ask_for_baskets(session: Session, order_id: int, context: AuditContext) -> None:
    """Have the baskets of payments asked for whose gateway refunds by item, so that they are known when money goes back."""
    by_item = set(
        session.scalars(select(GatewayAccount.name).where(GatewayAccount.gateway_type.in_(BY_ITEM_TYPES)))
    )
    payments = askable(session, order_id) if by_item else ()
    if any(payment.gateway in by_item and not payment.gateway_items for payment in payments):
        create(session, history_of(order_id, context.staff_id, context.request_id))


def history_of(order_id: int, staff_id: int | None = None, request_id: str | None = None) -> NewOperation:
    """The work of asking for one order's payments."""
    return NewOperation(
        kind=KIND,
        queue=Queue.MONEY,
        dedupe_key=f"order:{order_id}",
        args={"order_id": order_id},
        order_id=order_id,
        requested_by_id=staff_id,
        request_id=request_id,
        max_attempts=2,
    )


def askable(session: Session, order_id: int) -> Sequence[Transaction]:
    """The order's payments that lie at an active account of ours."""
    return session.scalars(
        select(Transaction)
        .join(GatewayAccount, GatewayAccount.name == Transaction.gateway)
        .where(
            Transaction.order_id == order_id,
            Transaction.holder == "us",
            Transaction.gateway_ref.is_not(None),
            GatewayAccount.is_active,
            GatewayAccount.gateway_type.in_(PAYING_TYPES),
        )
        .order_by(Transaction.id)
    ).all()


def latest_history(session: Session, order_id: int) -> tuple[ToldPayment, ...] | None:
    """What the gateways said when they were last asked; None when they never were."""
    result = session.scalar(
        select(Operation.result)
        .where(
            Operation.kind == KIND,
            Operation.order_id == order_id,
            Operation.state == OperationState.DONE.value,
        )
        .order_by(Operation.finished_at.desc())
        .limit(1)
    )
    return None if result is None else told_payments(result)


def get_transaction_amount(session: Session, order_id: int) -> Decimal | None:
    """What the gateways took for this order less what went back, by their own last word; None when never asked."""
    told = latest_history(session, order_id)
    if told is None:
        return None
    return sum((each.captured - each.refunded for each in told if each.was_told), Decimal(0))


def newest_question(session: Session, order_id: int) -> Operation | None:
    """The last time that somebody asked about an order's payments; `told_payments` reads its result."""
    query = select(Operation).where(Operation.kind == KIND, Operation.order_id == order_id)
    return session.scalars(query.order_by(Operation.created_at.desc()).limit(1)).one_or_none()


def told_payments(result: dict[str, Any]) -> tuple[ToldPayment, ...]:
    """The payments of an operation's result."""
    return tuple(_payment(row) for row in result.get("payments", ()))


def as_result(told: Iterable[ToldPayment]) -> dict[str, Any]:
    """What an operation keeps of them; `told_payments` reads it."""
    return {"payments": [_row(each) for each in told]}


def told_by(payment_id: int, gateway: str, history: PaymentHistory, ours: Iterable[str]) -> ToldPayment:
    """A gateway's answer about a payment; `ours` are the ids of our refunds of it."""
    own = set(ours)
    return ToldPayment(
        transaction_id=payment_id,
        gateway=gateway,
        standing=history.standing,
        currency=history.currency,
        authorised=history.authorised_amount,
        captured=history.captured_amount,
        refunded=history.refunded_amount,
        refunds=tuple(_told_refund(found, own) for found in history.refunds),
    )


def not_told(payment_id: int, gateway: str, error: PaymentError) -> ToldPayment:
    """A gateway could not be asked, or refused; its words are for staff."""
    return ToldPayment(payment_id, gateway, words=error.message)


def basket_of(payment: Transaction) -> list[BasketItem]:
    """The items of a payment at a gateway that refunds by item; none until it has been asked."""
    return [
        BasketItem(row["ref"], Decimal(row["paid_price"]), row["item"])
        for row in payment.gateway_items.get("items", ())
    ]


def keep_basket(payment: Transaction, items: Iterable[BasketItem]) -> None:
    """Remember the items; what a gateway once said of a payment's basket does not change."""
    rows = [{"ref": item.ref, "paid_price": str(item.paid_price), "item": item.item} for item in items]
    if rows and not payment.gateway_items:
        payment.gateway_items = {"items": rows}


def our_references(session: Session, payment_id: int) -> list[str]:
    """Under which ids the gateway has our refunds of this payment."""
    return [
        str(refund_id)
        for refund_id in session.scalars(select(Refund.id).where(Refund.transaction_id == payment_id))
    ]


def _told_refund(found: FoundRefund, ours: set[str]) -> ToldRefund:
    return ToldRefund(
        found.gateway_ref, found.amount, found.outcome, is_ours=found.reference in ours, at=found.at
    )


def _row(told: ToldPayment) -> dict[str, Any]:
    if not told.was_told:
        return {"transaction_id": told.transaction_id, "gateway": told.gateway, "words": told.words}
    return {
        "transaction_id": told.transaction_id,
        "gateway": told.gateway,
        "standing": told.standing.value,
        "currency": told.currency,
        "authorised": str(told.authorised),
        "captured": str(told.captured),
        "refunded": str(told.refunded),
        "refunds": [
            {
                "gateway_ref": each.gateway_ref,
                "amount": str(each.amount),
                "outcome": each.outcome.value,
                "is_ours": each.is_ours,
                "at": None if each.at is None else each.at.isoformat(),
            }
            for each in told.refunds
        ],
    }


def _payment(row: dict[str, Any]) -> ToldPayment:
    if row.get("words"):
        return ToldPayment(row["transaction_id"], row["gateway"], words=row["words"])
    return ToldPayment(
        transaction_id=row["transaction_id"],
        gateway=row["gateway"],
        standing=Standing(row["standing"]),
        currency=row["currency"],
        authorised=Decimal(row["authorised"]),
        captured=Decimal(row["captured"]),
        refunded=Decimal(row["refunded"]),
        refunds=tuple(
            ToldRefund(
                each["gateway_ref"],
                Decimal(each["amount"]),
                Outcome(each["outcome"]),
                each["is_ours"],
                None if each["at"] is None else datetime.fromisoformat(each["at"]),
            )
            for each in row["refunds"]
        ),
    )
