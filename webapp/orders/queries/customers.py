"""One customer: who they are, their orders, what they paid and got back, addresses and notes. Nothing grows with time:
a marketplace's collective customer has a hundred thousand orders, and sums are taken over the newest MOST_SUMMED.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from webapp.channels.models import Channel
from webapp.core.errors import NotFound
from webapp.core.text import N_
from webapp.customers.models import Address, Customer
from webapp.orders.models import Order, OrderNote
from webapp.orders.queries import listing
from webapp.orders.queries.criteria import OrderFilter, Place, Scope, Sort
from webapp.orders.queries.listing import OrderPage

MOST_SUMMED: Final = 5_000
ADDRESSES: Final = 20
NOTES: Final = 20
OTHERS: Final = 10
ORDERS_A_PAGE: Final = 25


@dataclass(frozen=True)
class Sum:
    """All of the customer's orders in one currency: how many, what they came to, what of it went back."""

    currency: str
    orders: int
    amount: Decimal
    refunded: Decimal


@dataclass(frozen=True)
class CustomerHead:
    """The customer, where they buy, and the same e-mail at other places."""

    customer: Customer
    channel: Channel
    others: Sequence[Any]


def head(session: Session, customer_id: int, scope: Scope) -> CustomerHead:
    """Raises NotFound, also for a customer of a channel that the reader may not know of."""
    row = session.execute(
        select(Customer, Channel)
        .join(Channel, Channel.id == Customer.channel_id)
        .where(Customer.id == customer_id, true() if scope is None else Customer.channel_id.in_(scope))
    ).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such customer."))
    return CustomerHead(row[0], row[1], _others(session, row[0], scope))


def sums(session: Session, customer_id: int) -> list[Sum]:
    """Per currency, the largest first; over the newest MOST_SUMMED orders."""
    newest = (
        select(Order.currency, Order.amount, Order.refund_amount)
        .where(Order.customer_id == customer_id)
        .order_by(Order.date_placed.desc(), Order.id.desc())
        .limit(MOST_SUMMED)
        .subquery()
    )
    total = func.sum(newest.c.amount)
    query = select(newest.c.currency, func.count(), total, func.sum(newest.c.refund_amount))
    rows = session.execute(query.group_by(newest.c.currency).order_by(total.desc()))
    return [Sum(*row) for row in rows]


def orders(session: Session, customer_id: int, scope: Scope, place: Place | None) -> OrderPage:
    """A page of their orders, the newest first, as every list of orders is read."""
    wanted = OrderFilter(customer_id=customer_id)
    return listing.page(session, wanted, scope, Sort(), place, size=ORDERS_A_PAGE)


def addresses(session: Session, customer_id: int) -> Sequence[Address]:
    """The newest few versions that say anything."""
    query = select(Address).where(
        Address.customer_id == customer_id, func.concat(Address.line1, Address.city, Address.last_name) != ""
    )
    return session.scalars(query.order_by(Address.id.desc()).limit(ADDRESSES)).all()


def notes(session: Session, customer_id: int) -> Sequence[Any]:
    """Rows of note and order number: what colleagues wrote on the newest orders."""
    newest = (
        select(Order.id, Order.number)
        .where(Order.customer_id == customer_id)
        .order_by(Order.date_placed.desc(), Order.id.desc())
        .limit(MOST_SUMMED)
        .subquery()
    )
    query = (
        select(OrderNote, newest.c.number)
        .join(newest, newest.c.id == OrderNote.order_id)
        .where(OrderNote.erased_at.is_(None))
    )
    return session.execute(query.order_by(OrderNote.id.desc()).limit(NOTES)).all()


def _others(session: Session, customer: Customer, scope: Scope) -> Sequence[Any]:
    if not customer.email_folded:
        return ()
    query = (
        select(Customer.id, Customer.first_name, Customer.last_name, Channel.name.label("channel"))
        .join(Channel, Channel.id == Customer.channel_id)
        .where(
            Customer.email_folded == customer.email_folded,
            Customer.id != customer.id,
            true() if scope is None else Customer.channel_id.in_(scope),
        )
    )
    return session.execute(query.order_by(Customer.id).limit(OTHERS)).all()
