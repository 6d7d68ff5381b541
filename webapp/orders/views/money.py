"""Money on the order's page: the sums under the items, what was paid, and what went back."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from flask_babel import gettext

from webapp.orders.enums import MoneyHolder, RefundState, TenderKind
from webapp.orders.models import DiscountItem, Order
from webapp.orders.queries.detail import Payment
from webapp.orders.views.refund_words import state_label
from webapp.orders.views.shown import worded
from webapp.payments.models import Refund, Transaction


class Sum(NamedTuple):
    """One line; `note` says what it is made of."""

    label: str
    amount: Decimal
    note: str = ""
    is_total: bool = False


def sums(order: Order, discounts: Sequence[DiscountItem]) -> list[Sum]:
    """Shipping, discount and total always; interest, rounding and what could not be applied where there is any."""
    names = ", ".join(dict.fromkeys(discount.code or discount.name for discount in discounts))
    interest = order.installment_interest_amount + order.shipping_interest_amount
    optional = [
        Sum(gettext("Shipping discount"), -order.shipping_discount_amount),
        Sum(gettext("Instalment interest"), interest),
        Sum(gettext("Rounding by the shop"), order.rounding_amount),
    ]
    after = [
        Sum(gettext("Discount that nothing could take"), order.unapplied_discount),
        Sum(gettext("Refunded"), -order.refund_amount),
    ]
    return [
        Sum(gettext("Shipping"), order.shipping_amount),
        Sum(gettext("Discount"), -order.discount_amount, names),
        *(line for line in optional if line.amount),
        Sum(gettext("Total"), order.amount, is_total=True),
        *(line for line in after if line.amount),
    ]


class Paid(NamedTuple):
    """A payment and what it is called; `is_askable`: it lies with us, at a bank that can be asked."""

    row: Transaction
    label: str
    is_askable: bool


class WentBack(NamedTuple):
    """A refund with its state in words; `external` ones were made at the channel."""

    row: Refund
    label: str
    dot: str
    external: bool


def paid(payment: Payment) -> Paid:
    """The payment in words: by card, by bank transfer …"""
    row = payment.row
    is_askable = row.holder == MoneyHolder.US and row.gateway is not None and row.gateway_ref is not None
    return Paid(row, worded(TenderKind, row.kind), is_askable)


def went_back(refund: Refund) -> WentBack:
    """The refund in words."""
    state = RefundState(refund.state)
    return WentBack(refund, state_label(refund), state.dot, refund.plan_id is None)
