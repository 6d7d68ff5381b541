"""OrderItemService: lines, their columns, their stock."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.order_drafts import draft, findings, items_of, line, make_channel, order_of, write
from webapp.cargo.carriers import ensure_carriers
from webapp.cargo.models import CargoCompany
from webapp.catalog.models import Product, ProductStock, StockList
from webapp.channels.models import Channel
from webapp.core.audit import AuditContext, AuditEntry, Origin
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict, InvalidInput
from webapp.orders.enums import AttentionKind, OrderStatus
from webapp.orders.inputs import DiscountDraft
from webapp.orders.models import Attention, CancellationPlan, Order, OrderItem
from webapp.orders.service import OrderItemService

STAFF = AuditContext(origin=Origin.PAGE, staff_id=1, actor="Ece Kaya")


@pytest.fixture
def channel(session: Session) -> Channel:
    """A channel whose stock we keep, with two products."""
    session.add(StockList(id=5, code="main", name="Main"))
    session.add_all([Product(id=7, sku="SKU-1", name="Jeans"), Product(id=8, sku="SC", name="Scarf")])
    session.flush()
    return make_channel(session, stock_list_id=5)


def add(**fields: Any) -> None:
    given = {"quantity": Decimal(2), "amount": Decimal("50.00"), "price": Decimal("25.00")}
    with unit_of_work() as session:
        order = session.scalars(select(Order)).one()
        OrderItemService(session).create_order_item(
            order,
            session.get(Product, 8),
            audit_context=STAFF,
            **{**given, "status": OrderStatus.APPROVED, **fields},
        )


def change(
    *, shipping_update: bool = False, force: bool = False, version: int | None = None, **columns: Any
) -> None:
    with unit_of_work() as session:
        item = session.scalars(select(OrderItem).order_by(OrderItem.id).limit(1)).one()
        OrderItemService(session).update_order_item(
            item, None, shipping_update, force, STAFF, version=version, **columns
        )


def reserved(session: Session) -> dict[int, Decimal]:
    return {each.product_id: each.reserved for each in session.scalars(select(ProductStock))}


def test_a_line_when_added_then_the_order_costs_more_and_everything_is_distributed_anew(
    session: Session, channel: Channel
) -> None:
    given = draft(
        discounts=(DiscountDraft("c1", "order", Decimal("15.00")),), shipping_amount=Decimal("9.00")
    )
    write(channel, given)

    add(discount_amount=Decimal("5.00"), tax_rate=Decimal(20))

    order = order_of(session)
    assert (order.amount, order.item_count, order.money_mismatch) == (Decimal("139.00"), 2, False)
    items = items_of(session)
    assert [item.discount_amount for item in items] == [Decimal("10.34"), Decimal("9.66")]
    assert items[1].name == "Scarf"
    assert reserved(session) == {7: Decimal(1), 8: Decimal(2)}
    assert session.scalars(select(AuditEntry.summary).order_by(AuditEntry.id.desc())).first() == "added Scarf"
    assert findings() == []


def test_a_line_that_is_there_when_added_again_then_it_is_refused(session: Session, channel: Channel) -> None:
    write(channel, draft())

    with pytest.raises(Conflict, match="has the line 1 already"):
        add(remote_line_id="1")


def test_a_line_when_a_cancellation_stands_on_the_amounts_then_it_is_refused_and_nothing_moves(
    session: Session, channel: Channel
) -> None:
    write(channel, draft())
    session.add(CancellationPlan(order_id=order_of(session).id, kind="cancel", currency="TRY"))
    session.commit()

    with pytest.raises(Conflict):
        add()

    assert (order_of(session).amount, len(items_of(session))) == (Decimal(100), 1)
    assert reserved(session) == {7: Decimal(1)}


def test_a_line_added_here_when_the_order_is_pulled_then_it_stays(session: Session, channel: Channel) -> None:
    write(channel, draft())
    add()

    assert write(channel, draft())[0].verdict == "unchanged"
    write(channel, draft(items=(line(amount="90.00"),)))

    assert [item.amount for item in items_of(session)] == [Decimal(100), Decimal(50)]
    assert session.scalars(select(Attention.kind)).one() == AttentionKind.EDITED_WITH_PLAN


def test_another_product_when_mapped_then_its_stock_is_reserved_instead(
    session: Session, channel: Channel
) -> None:
    write(channel, draft(items=(line(quantity=3),)))

    change(product_id=8)

    assert reserved(session) == {7: Decimal(0), 8: Decimal(3)}
    item = items_of(session)[0]
    assert (item.product_id, item.version, order_of(session).version) == (8, 2, 2)
    assert findings() == []


def test_a_tracking_number_when_it_is_no_shipping_update_then_it_is_refused(
    session: Session, channel: Channel
) -> None:
    write(channel, draft())

    with pytest.raises(InvalidInput) as refused:
        change(tracking_number="1Z")

    assert refused.value.fields == {"tracking_number": ["This cannot be changed here."]}


def test_a_tracking_number_when_set_with_its_carrier_then_the_parcel_can_be_followed(
    session: Session, channel: Channel
) -> None:
    write(channel, draft())
    ensure_carriers(session)
    session.commit()
    ups = session.scalars(select(CargoCompany.id).where(CargoCompany.slug == "ups")).one()

    change(shipping_update=True, tracking_number="1Z 9", cargo_company_id=ups)

    assert items_of(session)[0].tracking_url == "https://www.ups.com/track?tracknum=1Z%209"


def test_an_ended_item_when_changed_then_it_is_refused_unless_forced(
    session: Session, channel: Channel
) -> None:
    write(channel, draft())
    session.execute(update(OrderItem).values(status=100))
    session.commit()

    with pytest.raises(Conflict, match="The item is cancelled"):
        change(name="Jeans, blue")
    change(name="Jeans, blue", force=True)

    assert items_of(session)[0].name == "Jeans, blue"


def test_an_item_when_its_order_changed_meanwhile_then_the_change_is_refused(
    session: Session, channel: Channel
) -> None:
    write(channel, draft())
    change(name="Jeans, blue")

    with pytest.raises(Conflict, match="has changed this order meanwhile"):
        change(version=1, name="Jeans, black")


def test_wrong_reserved_stock_when_counted_anew_then_it_is_the_sum_of_open_items(
    session: Session, channel: Channel
) -> None:
    write(
        channel,
        draft(items=(line(quantity=3),)),
        draft("1002"),
        draft("1003", items=(line(status=OrderStatus.SHIPPED),)),
    )
    session.execute(update(ProductStock).values(reserved=77))
    session.commit()

    for _ in range(2):
        with unit_of_work() as unit:
            item = unit.scalars(select(OrderItem).limit(1)).one()
            assert OrderItemService(unit).update_order_item_send_stock(item, STAFF) == Decimal(4)

    assert reserved(session) == {7: Decimal(4)}
    entry = session.scalars(select(AuditEntry).where(AuditEntry.tag == "stock.counted")).one()
    assert entry.changes == {"reserved": ["77.000", "4.000"]}
