"""Payments as the channel knows them, and refunds that were made there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from webapp.orders.enums import (
    RELEASED_REFUND_STATES,
    AttentionKind,
    MoneyHolder,
    RefundState,
    TenderKind,
)
from webapp.orders.inputs import ExternalRefundDraft, OrderDraft, TransactionDraft
from webapp.orders.service.writing.columns import PAYMENT_COLUMNS
from webapp.orders.service.writing.decision import Decision
from webapp.orders.service.writing.jsons import merged
from webapp.orders.service.writing.stored import Columns

# The payment that refunds hang on where the channel names refunds and no payment at all.
UNKNOWN_PAYMENT: Final = "unknown"
_NOTHING: Final = Decimal(0)


@dataclass(slots=True)
class Purse:
    """A payment with what may still go back over it, while refunds are placed."""

    key: str
    left: Decimal


def payments_of(draft: OrderDraft) -> tuple[TransactionDraft, ...]:
    """The draft's payments, and one of nothing for refunds that would hang in the air."""
    if draft.transactions or not real_refunds(draft):
        return draft.transactions
    return (TransactionDraft(UNKNOWN_PAYMENT, TenderKind.MARKETPLACE, _NOTHING, MoneyHolder.CHANNEL),)


def real_refunds(draft: OrderDraft) -> list[ExternalRefundDraft]:
    """Refunds that moved money; shops know refunds of nothing too, for restocking."""
    return [refund for refund in draft.refunds if refund.amount > 0]


def place_refunds(purses: Sequence[Purse], amounts: Iterable[Decimal]) -> list[str]:
    """The payment each refund counts against: the smallest that still holds it, else the one that holds most.

    Nothing is clipped: what exceeds a payment stays with it and shows as a mismatch.
    """
    placed = []
    for amount in amounts:
        fitting = [purse for purse in purses if purse.left >= amount]
        purse = min(fitting, key=_left) if fitting else max(purses, key=_left)
        purse.left -= amount
        placed.append(purse.key)
    return placed


def _left(purse: Purse) -> Decimal:
    return purse.left


def held_by_us(draft: OrderDraft) -> Decimal:
    """Captured money of a new order that we hold, less what went back at the channel already."""
    ours = sum(
        (each.captured_amount for each in draft.transactions if each.holder == MoneyHolder.US), _NOTHING
    )
    refunded = sum((refund.amount for refund in draft.refunds), _NOTHING)
    others = sum((each.captured_amount for each in draft.transactions), _NOTHING) - ours
    return ours - max(refunded - others, _NOTHING) if ours else _NOTHING


def decide_payments(decision: Decision) -> None:
    """Compare payments and refunds with those stored, and see whether more went back than came in."""
    if (
        decision.stored.columns["currency"] != decision.incoming.draft.currency
        and not decision.is_redistributed
    ):
        return  # Amounts in a currency that the order did not take over compare with nothing; it is raised already.
    stored = {row["remote_id"]: row for row in decision.stored.payments}
    for payment in decision.incoming.draft.transactions:
        row = stored.pop(payment.remote_id, None)
        if row is None:
            decision.new_payments.append(payment)
        else:
            _decide_payment(decision, row, payment)
    for row in stored.values():
        if row["captured_amount"] or row["authorised_amount"]:
            _set_payment(decision, row, captured_amount=_NOTHING, authorised_amount=_NOTHING)
    _decide_refunds(decision)


def _decide_payment(decision: Decision, row: Columns, payment: TransactionDraft) -> None:
    columns: dict[str, Any] = {
        name: value
        for name in PAYMENT_COLUMNS
        # A channel that leaves a reference or a time out says nothing about it.
        if (value := getattr(payment, name)) is not None
    }
    columns["extra_field"] = merged(row["extra_field"], payment.extra_field)
    _set_payment(decision, row, **columns, currency=decision.incoming.draft.currency)


def _set_payment(decision: Decision, row: Columns, **columns: Any) -> None:
    """Note what changes, but never less money than has gone back over the payment already."""
    captured = columns["captured_amount"]
    if captured < row["reserved"] <= row["captured_amount"]:
        del columns["captured_amount"]
        decision.set_order(money_mismatch=True)
        decision.alarm(
            AttentionKind.PAYMENT_LOWERED,
            f"The channel says {captured} was paid, and {row['reserved']} of it went back or is on its way.",
            payment=row["id"],
            captured=str(captured),
        )
    _raise_when_captured_whole(decision, row, {**row, **columns}["captured_amount"])
    changed = {name: value for name, value in columns.items() if row[name] != value}
    if changed:
        decision.payments[row["id"]] = changed


def _raise_when_captured_whole(decision: Decision, row: Columns, captured: Decimal) -> None:
    """A part of a reservation was let go by a cancellation; whoever captured took it all the same."""
    due = row["authorised_amount"] - row["released"]
    if row["released"] and row["captured_amount"] <= due < captured:
        decision.alarm(
            AttentionKind.PAID_MORE_THAN_TOTAL,
            f"{captured} was captured, although {row['released']} of the {row['authorised_amount']} reserved had been"
            " let go with a cancellation. That much is the customer's.",
            payment=row["id"],
            captured=str(captured),
        )


def _decide_refunds(decision: Decision) -> None:
    stored, draft = decision.stored, decision.incoming.draft
    known = {row["remote_id"] for row in stored.refunds} | {row["gateway_ref"] for row in stored.refunds}
    for refund in real_refunds(draft):
        own = _own(decision, refund)
        if own is not None:
            _raise_when_given_up(decision, refund, own)
        elif refund.remote_id not in known:
            decision.refunds.append(refund)
    _raise_when_vanished(decision)
    refunded: Decimal = stored.columns["refund_amount"]
    refunded += sum((refund.amount for refund in decision.refunds), _NOTHING)
    decision.set_order(refund_amount=refunded)
    paid = _paid_from_now_on(decision)
    if refunded > paid:
        decision.set_order(money_mismatch=True)
        decision.alarm(
            AttentionKind.REFUNDED_MORE_THAN_PAID,
            f"{refunded} {draft.currency} went back, and only {paid} was paid.",
            refunded=str(refunded),
            paid=str(paid),
        )


def _own(decision: Decision, refund: ExternalRefundDraft) -> Columns | None:
    """Our refund that the channel tells of: it carries its key in the reason we gave the channel."""
    rows = (row for row in decision.stored.refunds if row["remote_id"] is None)
    return next((row for row in rows if row["idem_key"] in refund.reason), None)


def _raise_when_given_up(decision: Decision, refund: ExternalRefundDraft, own: Columns) -> None:
    if RefundState(own["state"]) in RELEASED_REFUND_STATES:
        decision.alarm(
            AttentionKind.REFUND_NEEDS_PERSON,
            f"The channel has paid {refund.amount} {decision.incoming.draft.currency} back by a refund of ours that we"
            " count as failed. Do not pay it a second time.",
            refund_id=str(own["id"]),
            remote_refund=refund.remote_id,
        )


def _raise_when_vanished(decision: Decision) -> None:
    still_there = {refund.remote_id for refund in decision.incoming.draft.refunds}
    vanished = sorted(
        row["remote_id"]
        for row in decision.stored.refunds
        if row["remote_id"] is not None and row["remote_id"] not in still_there
    )
    if vanished:
        decision.alarm(
            AttentionKind.REFUND_VANISHED,
            "The channel no longer knows a refund that it reported before. Ours still counts it as paid back.",
            refunds=vanished,
        )


def _paid_from_now_on(decision: Decision) -> Decimal:
    paid = sum((payment.captured_amount for payment in decision.new_payments), _NOTHING)
    for row in decision.stored.payments:
        captured: Decimal = {**row, **decision.payments.get(row["id"], {})}["captured_amount"]
        paid += captured
    return paid
