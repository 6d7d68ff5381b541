"""A channel as a gateway of the refund machine: keyless, asked before every sending, paying money that it holds."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.channels.base import ChannelRefunds, RefundedLine, WantedRefund
from webapp.channels.connection import ChannelConnection
from webapp.channels.profile import load_profile
from webapp.channels.registry import channel_type
from webapp.core.db import unit_of_work
from webapp.core.errors import IntegrationError, IntegrationUnauthorizedException, PaymentError
from webapp.core.reach import AddressRefused
from webapp.core.settings import Settings
from webapp.orders.models import CancellationPlanItem, Order, OrderItem
from webapp.payments.gateway import (
    AccessRefused,
    Capabilities,
    FoundRefund,
    Lookup,
    Outcome,
    PaymentHistory,
    RefundAnswer,
    RefundOrder,
)
from webapp.payments.models import Refund

PREFIX: Final = "channel:"
_BY_HAND: Final = "This channel cannot be asked to pay back. Do it there, then enter the evidence."


class ChannelRefundGateway:
    """One channel. What is sent is read from the refund's own plan: frozen with it, so the same for every attempt."""

    def __init__(self, name: str, refunds: ChannelRefunds | None) -> None:
        self.name = name
        self._refunds = refunds
        delay_s = refunds.processing_delay_s if refunds is not None else 0.0
        self.capabilities = Capabilities(honours_keys=False, max_processing_delay_s=delay_s)

    def refund(self, order: RefundOrder) -> RefundAnswer:
        """Have the channel pay back."""
        with unit_of_work() as session:
            wanted = wanted_refund(session, order)
        if self._refunds is None or wanted is None:
            return RefundAnswer(Outcome.UNABLE, words=_BY_HAND)
        return self._refunds.pay_back(wanted)

    def lookup(self, order: RefundOrder) -> Lookup:
        """Our refund among those of the order, by the key in its reason."""
        with unit_of_work() as session:
            wanted = wanted_refund(session, order)
        if self._refunds is None or wanted is None:
            return Lookup(answered=True)
        try:
            listed = self._refunds.refunds_of(wanted.remote_id, order.currency)
        except IntegrationError as error:
            return Lookup.unanswered(_as_payment_error(error))
        own = tuple(each for each in listed if each.reference == order.reference)
        return Lookup(answered=True, found=own)

    def history(self, payment_ref: str) -> PaymentHistory:
        """The payment of the channel's order of that id. Raises PaymentError."""
        try:
            return self._able().payment_of(payment_ref)
        except IntegrationError as error:
            raise _as_payment_error(error) from None

    def refunds_since(self, since: datetime) -> Iterator[FoundRefund]:
        """What went back for orders that changed since. Raises PaymentError."""
        try:
            yield from self._able().refunds_since(since)
        except IntegrationError as error:
            raise _as_payment_error(error) from None

    def cancel_payment(self, order: RefundOrder) -> RefundAnswer:
        """A channel lets reserved money go by itself when it hears of the cancellation."""
        return RefundAnswer(Outcome.SUCCEEDED, words="The channel lets it go by itself.")

    def _able(self) -> ChannelRefunds:
        if self._refunds is None:
            raise PaymentError(_BY_HAND, permanent=True)
        return self._refunds


def make_channel_gateway(session: Session, name: str, settings: Settings) -> ChannelRefundGateway:
    """The gateway of `channel:<id>`. Raises PaymentError where there is no such channel."""
    number = name.removeprefix(PREFIX)
    if not number.isdigit():
        raise PaymentError(f"“{name}” names no channel.", permanent=True)
    profile = load_profile(session, int(number))
    make = channel_type(profile.channel_type).refunds
    return ChannelRefundGateway(name, make(profile, ChannelConnection(profile, settings)) if make else None)


def wanted_refund(session: Session, order: RefundOrder) -> WantedRefund | None:
    """What the channel is asked for; None where it does not know the order."""
    refund = session.get_one(Refund, uuid.UUID(order.reference))
    remote_id = session.scalar(select(Order.remote_id).where(Order.id == refund.order_id))
    if remote_id is None:
        return None
    return WantedRefund(
        remote_id=remote_id,
        key=order.key,
        amount=order.amount,
        currency=order.currency,
        words=order.reason,
        lines=tuple(_lines(session, refund)),
    )


def _lines(session: Session, refund: Refund) -> Iterator[RefundedLine]:
    """The plan's rows with their goods; shipping and interest have no row."""
    rows = session.execute(
        select(CancellationPlanItem, OrderItem.remote_line_id)
        .join(OrderItem, OrderItem.id == CancellationPlanItem.order_item_id)
        .where(CancellationPlanItem.plan_id == refund.plan_id, ~CancellationPlanItem.is_shipping_only)
        .order_by(OrderItem.position, OrderItem.part)
    )
    for row, remote_line_id in rows:
        goods: Decimal = row.amount - row.discount_amount + row.rounding_amount
        if remote_line_id and goods > 0:
            yield RefundedLine(remote_line_id, row.quantity, goods)


def _as_payment_error(error: IntegrationError) -> PaymentError:
    if isinstance(error, AddressRefused | IntegrationUnauthorizedException):
        return AccessRefused(error.message)
    return PaymentError(error.message, permanent=error.permanent, code=error.error_code)
