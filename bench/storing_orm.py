"""An importer of the usual kind: an object per row, a look-up per customer, address and SKU."""

from collections.abc import Sequence

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from bench.storing_ceiling import BY_INDEX
from webapp.catalog.models import Product
from webapp.core.audit import AuditContext, record
from webapp.customers.identity import (
    ADDRESS_FIELDS,
    PERSON_FIELDS,
    address_hash,
    folded_person,
    order_search_text,
)
from webapp.customers.models import Address, Customer
from webapp.orders.inputs import AddressDraft, OrderDraft
from webapp.orders.models import DiscountItem, Order, OrderItem, OrderSearch
from webapp.orders.pricing import PricedOrder, price_order, steps_to_json
from webapp.orders.service.writing.columns import ORDER_AMOUNTS, SHARES
from webapp.orders.service.writing.incoming import order_money
from webapp.payments.models import Transaction


def import_all(engine: Engine, drafts: Sequence[OrderDraft], context: AuditContext, batch: int) -> None:
    """Import the drafts, so many in a transaction."""
    for first in range(0, len(drafts), batch):
        with Session(engine) as session:
            session.execute(BY_INDEX)
            for draft in drafts[first : first + batch]:
                _import(session, draft, context)
            session.commit()


def _import(session: Session, draft: OrderDraft, context: AuditContext) -> None:
    priced = price_order(order_money(draft))
    customer = _customer(session, draft)
    order = Order(
        number=draft.number,
        channel_id=1,
        remote_id=draft.remote_id,
        status=int(draft.status),
        date_placed=draft.date_placed,
        customer_id=customer.id,
        shipping_address_id=_address(session, customer, draft.shipping_address).id,
        billing_address_id=_address(session, customer, draft.billing_address).id,
        currency=draft.currency,
        item_count=len(draft.items),
        payment_option_slug=draft.payment_option_slug,
        remote_addr=draft.remote_addr,
        extra_field=dict(draft.extra_field),
        remote_modified_at=draft.remote_modified_at,
        **{name: getattr(priced, name) for name in ORDER_AMOUNTS},
    )
    session.add(order)
    session.flush()
    _parts(session, draft, priced, order)
    folded = order_search_text(draft.number, customer.search_folded, "")
    session.add(OrderSearch(order_id=order.id, date_placed=draft.date_placed, folded=folded))
    record(
        session, context, "order.created", subject=("order", order.id), order_id=order.id, summary="Imported"
    )


def _customer(session: Session, draft: OrderDraft) -> Customer:
    found = session.scalars(
        select(Customer).where(Customer.channel_id == 1, Customer.remote_id == draft.customer.remote_id)
    ).one_or_none()
    if found is not None:
        return found
    fields = {name: getattr(draft.customer, name) for name in PERSON_FIELDS}
    folded = folded_person(draft.customer)._asdict()
    customer = Customer(channel_id=1, remote_id=draft.customer.remote_id, **fields, **folded)
    session.add(customer)
    session.flush()
    return customer


def _address(session: Session, customer: Customer, draft: AddressDraft) -> Address:
    content = address_hash(draft)
    found = session.scalars(
        select(Address).where(Address.customer_id == customer.id, Address.content_hash == content)
    ).one_or_none()
    if found is not None:
        return found
    fields = {name: getattr(draft, name) for name in ADDRESS_FIELDS}
    address = Address(customer_id=customer.id, content_hash=content, **fields)
    session.add(address)
    session.flush()
    return address


def _parts(session: Session, draft: OrderDraft, priced: PricedOrder, order: Order) -> None:
    for line, shares in zip(draft.items, priced.items, strict=True):
        product = session.scalars(select(Product).where(Product.sku == line.sku)).one_or_none()
        session.add(
            OrderItem(
                order_id=order.id,
                remote_line_id=line.remote_line_id,
                position=line.position,
                product_id=product and product.id,
                sku=line.sku,
                name=line.name,
                quantity=line.quantity,
                status=int(line.status),
                price_currency=draft.currency,
                price=line.price,
                extra_field=dict(line.extra_field),
                price_steps=steps_to_json(shares.discount_steps),
                **{name: getattr(shares, name) for name in SHARES},
            )
        )
    for discount in draft.discounts:
        given = {"remote_id": discount.remote_id, "scope": discount.scope, "amount": discount.amount}
        session.add(DiscountItem(order_id=order.id, **given))
    for payment in draft.transactions:
        session.add(
            Transaction(
                order_id=order.id,
                kind=payment.kind,
                remote_id=payment.remote_id,
                currency=draft.currency,
                amount=payment.amount,
                captured_amount=payment.captured_amount,
            )
        )
