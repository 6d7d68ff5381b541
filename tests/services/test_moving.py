"""Moving orders and items on PostgreSQL: the table, all or nothing, stock, audit, outbox, and deeds with names."""

from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter, card, count, snapshot, staff
from tests.moving import deed, entries, move, told
from tests.order_drafts import findings, line, payment
from webapp.auth.models import StaffUser
from webapp.auth.roles import Role
from webapp.catalog.models import Product, ProductStock, StockList
from webapp.channels.models import Channel, DataSource
from webapp.core.audit import SYSTEM
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput, PermissionDenied, TransitionNotAllowed
from webapp.orders.enums import OrderStatus, TenderKind
from webapp.orders.inputs import TransactionDraft
from webapp.orders.models import IntegrationAction, Order, OrderItem, VendorOrder, VendorOrderItem
from webapp.orders.service import OrderItemService, OrderService


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


@pytest.fixture
def stocked(counter: Counter) -> int:
    """A product of the channel's stock list; its id. Orders of SKU-1 reserve it."""
    with unit_of_work() as unit:
        stock_list, product = StockList(code="main", name="Main"), Product(sku="SKU-1", name="Product 1")
        unit.add_all([stock_list, product])
        unit.flush()
        unit.get_one(Channel, counter.desk.channel.id).stock_list_id = stock_list.id
        return product.id


def statuses(order_id: int) -> list[int]:
    return [item.status for item in items_of_order(order_id)]


def reserved(product_id: int) -> Decimal | None:
    db.session.rollback()
    return db.session.scalar(select(ProductStock.reserved).where(ProductStock.product_id == product_id))


def at(order_id: int, *wanted: int) -> None:
    """The order's items at these statuses, as if they had come there."""
    with unit_of_work() as unit:
        for item, status in zip(items_of_order(order_id), wanted, strict=True):
            unit.execute(update(OrderItem).where(OrderItem.id == item.id).values(status=status))
        OrderService(unit).order_status_update(unit.get_one(Order, order_id), SYSTEM)


def test_order_when_moved_then_its_items_its_status_its_version_and_word_for_the_channel(
    counter: Counter,
) -> None:
    order_id = counter.order("60.00", "40.00")
    version = order_now(order_id).version
    moved = move(order_id, 500, counter.agent, version=version)
    assert (moved.before, moved.after) == (400, 500)
    assert statuses(order_id) == [500, 500]
    order = order_now(order_id)
    assert (order.status, order.version, order.is_send) == (500, version + 1, True)
    assert all(item.shipped_date and item.delivered_date is None for item in items_of_order(order_id))
    items = [item.id for item in items_of_order(order_id)]
    assert told(order_id) == [("status", {"status": 500, "order_status": 500, "items": items})]
    (entry,) = entries(order_id, "order.status.changed")
    assert entry.summary == "Product 1 and Product 2"
    assert entry.changes["status"] == [400, 500]
    assert (entry.staff_id, entry.actor) == (counter.agent.staff_id, "Deniz Arslan")
    assert findings() == []


def test_items_when_chosen_then_they_alone_move_and_the_channel_hears_nothing_of_a_part(
    counter: Counter,
) -> None:
    order_id = counter.order("60.00", "40.00")
    second = items_of_order(order_id)[1].id
    move(order_id, 500, counter.agent, second)
    assert statuses(order_id) == [400, 500]
    assert (order_now(order_id).status, order_now(order_id).partially_shipped) == (400, True)
    assert told(order_id) == []
    move(order_id, 500, counter.agent)
    assert [kind for kind, _ in told(order_id)] == ["status"]


def test_order_when_one_item_cannot_go_then_nothing_moves_and_the_sentence_names_it(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    at(order_id, 400, 550)
    before = snapshot()
    with pytest.raises(TransitionNotAllowed) as refused:
        move(order_id, 450, counter.agent)
    assert refused.value.message == (
        "Nothing was moved. Product 2 is delivered (550) and cannot become preparing (450). "
        "It can become return being reviewed (544) or return waiting for review (545)."
    )
    assert snapshot() == before


def test_order_when_a_plan_holds_an_item_then_the_others_move_and_it_stays(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00")
    first, second = (item.id for item in items_of_order(order_id))
    counter.cancel(order_id, first)
    move(order_id, 450, counter.agent)
    assert statuses(order_id) == [50, 450]
    with pytest.raises(TransitionNotAllowed, match="A cancellation plan holds it: approve or reject"):
        move(order_id, 500, counter.agent, first, second)
    assert statuses(order_id) == [50, 450]


def test_step_back_needs_its_permission_and_a_reason_which_the_audit_keeps(counter: Counter) -> None:
    order_id = counter.order()
    move(order_id, 450, counter.agent)
    with pytest.raises(PermissionDenied, match="back to approved"):
        move(order_id, 400, counter.agent, reason="Wrong shelf")
    with pytest.raises(InvalidInput, match="A step back needs a reason"):
        move(order_id, 400, counter.supervisor)
    move(order_id, 400, counter.supervisor, reason="Wrong shelf")
    assert order_now(order_id).status == 400
    assert entries(order_id, "order.status.changed")[-1].told == "Product 1: Wrong shelf"


def test_move_when_one_may_not_then_refused(counter: Counter) -> None:
    order_id = counter.order()
    with pytest.raises(PermissionDenied, match="You may not change the status"):
        move(order_id, 450, counter.finance)
    assert order_now(order_id).status == 400


def test_move_when_the_order_has_changed_since_then_conflict_names_who(counter: Counter) -> None:
    order_id = counter.order()
    seen = order_now(order_id).version
    move(order_id, 450, counter.supervisor)
    with pytest.raises(Conflict, match="Selin Koç has changed this order meanwhile") as refused:
        move(order_id, 500, counter.agent, version=seen)
    assert refused.value.error_code == "stale_version"
    assert order_now(order_id).status == 450


def test_items_of_another_order_then_refused(counter: Counter) -> None:
    one, other = counter.order(number="1001"), counter.order(number="1002")
    with pytest.raises(InvalidInput, match="not this order's"):
        move(one, 450, counter.agent, items_of_order(other)[0].id)


def test_returned_parcel_when_it_was_paid_then_only_a_return_refunds_it(counter: Counter) -> None:
    paid, unpaid = counter.order(number="1001"), counter.order(number="1002", tenders=(_at_the_door(),))
    for order_id in (paid, unpaid):
        at(order_id, 540)
    with pytest.raises(TransitionNotAllowed, match="It is paid: open a return"):
        move(paid, 600, counter.agent)
    move(unpaid, 600, counter.agent)
    assert [order_now(order_id).status for order_id in (paid, unpaid)] == [540, 600]


def test_order_made_here_then_nobody_is_told(counter: Counter) -> None:
    order_id = counter.order(remote_id=None)
    move(order_id, 500, counter.agent)
    assert count(IntegrationAction) == 0


def test_stock_when_the_goods_leave_then_it_is_reserved_no_more(counter: Counter, stocked: int) -> None:
    order_id = counter.order("60.00", "40.00")
    assert reserved(stocked) == 1
    move(order_id, 450, counter.agent)
    assert reserved(stocked) == 1
    move(order_id, 500, counter.agent)
    assert reserved(stocked) == 0


def test_create_mapping_when_asked_then_the_stock_is_free_and_a_second_time_there_is_nothing(
    counter: Counter, stocked: int
) -> None:
    order_id = counter.order()
    item = items_of_order(order_id)[0].id
    with unit_of_work() as unit:
        OrderService(unit).create_mapping(unit.get_one(OrderItem, item), counter.agent)
    assert reserved(stocked) == 0
    assert len(entries(order_id, "order.item.stock_released")) == 1
    with pytest.raises(Conflict, match="has no stock reserved"), unit_of_work() as unit:
        OrderService(unit).create_mapping(unit.get_one(OrderItem, item), counter.agent)
    with unit_of_work() as unit:
        assert OrderItemService(unit).update_order_item_send_stock(unit.get_one(OrderItem, item)) is None


def test_create_mapping_when_another_list_is_named_then_it_is_reserved_there(
    counter: Counter, stocked: int
) -> None:
    order_id = counter.order()
    with unit_of_work() as unit:
        other = StockList(code="outlet", name="Outlet")
        unit.add(other)
        unit.flush()
        item = unit.scalars(select(OrderItem)).one()
        OrderService(unit).create_mapping(item, counter.agent, stock_list_id=other.id)
        key = other.id
    rows = db.session.execute(select(ProductStock.stock_list_id, ProductStock.reserved)).all()
    assert {row.stock_list_id: row.reserved for row in rows}[key] == 1
    assert sum(row.reserved for row in rows) == 1
    assert entries(order_id, "order.item.stock_moved")[0].changes["stock_list_id"][1] == key


def test_pay_on_delivery_when_confirmed_then_what_waited_is_approved_at_the_vendor_too(
    counter: Counter,
) -> None:
    order_id = counter.order("60.00", "40.00", tenders=(_at_the_door(),))
    at(order_id, 350, 450)
    waits = items_of_order(order_id)[0].id
    with unit_of_work() as unit:
        source = DataSource(name="Vendor", slug="vendor")
        unit.add(source)
        unit.flush()
        vendor = VendorOrder(order_id=order_id, data_source_id=source.id, number="V1", status=350)
        unit.add(vendor)
        unit.flush()
        unit.add(VendorOrderItem(vendor_order_id=vendor.id, order_item_id=waits, status=350))
    deed("confirm_pay_on_delivery", order_id, counter.agent)
    assert statuses(order_id) == [400, 450]
    assert order_now(order_id).is_send is True
    assert db.session.scalars(select(VendorOrder.status)).all() == [400]
    assert db.session.scalars(select(VendorOrderItem.status)).all() == [400]
    with pytest.raises(TransitionNotAllowed, match="waits to be confirmed"):
        deed("confirm_pay_on_delivery", order_id, counter.agent)


def test_pay_on_delivery_when_the_order_is_paid_by_card_then_refused(counter: Counter) -> None:
    order_id = counter.order()
    at(order_id, 350)
    with pytest.raises(Conflict, match="is not paid on delivery"):
        deed("confirm_pay_on_delivery", order_id, counter.agent)
    assert statuses(order_id) == [350]


def test_store_pickup_when_accepted_and_picked_up_then_520_and_550(counter: Counter) -> None:
    order_id = counter.order("60.00", "40.00", delivery_type="store_pickup")
    with pytest.raises(TransitionNotAllowed, match="Accept it in the store first"):
        deed("deliver_in_store", order_id, counter.agent)
    deed("accept_in_store", order_id, counter.agent)
    assert statuses(order_id) == [520, 520]
    deed("deliver_in_store", order_id, counter.agent)
    assert statuses(order_id) == [550, 550]
    assert [args["status"] for _, args in told(order_id)] == [520, 550]


@pytest.mark.parametrize("name", ["accept_in_store", "deliver_in_store"])
def test_store_deeds_when_the_order_is_sent_then_refused(counter: Counter, name: str) -> None:
    order_id = counter.order()
    with pytest.raises(Conflict, match="not picked up in a store"):
        deed(name, order_id, counter.agent)
    assert statuses(order_id) == [400]


def test_mark_as_not_sent_when_asked_twice_then_once_and_only_before_it_has_left(counter: Counter) -> None:
    order_id = counter.order()
    deed("mark_as_not_sent", order_id, counter.agent)
    version = order_now(order_id).version
    deed("mark_as_not_sent", order_id, counter.agent)
    assert (order_now(order_id).is_send, order_now(order_id).version) == (False, version)
    assert len(entries(order_id, "order.not_sent")) == 1
    move(order_id, 500, counter.agent)
    with pytest.raises(Conflict, match="Only an approved"):
        deed("mark_as_not_sent", order_id, counter.agent)


def test_derived_status_is_told_without_a_change_and_applied_on_demand(counter: Counter) -> None:
    order_id = counter.order()
    with unit_of_work() as unit:
        unit.execute(update(OrderItem).values(status=500))
    with unit_of_work() as unit:
        order = unit.get_one(Order, order_id)
        assert OrderService(unit).derived_status(order) is OrderStatus.SHIPPED
    assert order_now(order_id).status == 400
    with unit_of_work() as unit:
        OrderService(unit).order_status_update(unit.get_one(Order, order_id), counter.agent)
    assert order_now(order_id).status == 500


def test_split_off_then_the_parts_add_up_and_what_cannot_be_divided_is_refused(counter: Counter) -> None:
    order_id = counter.order_of((line("1", "100.00", quantity=3),), tenders=(card("100.00"),))
    with unit_of_work() as unit:
        item = unit.scalars(select(OrderItem)).one()
        OrderItemService(unit).split_off(item, Decimal(1))
        with pytest.raises(InvalidInput, match="has no part of 2"):
            OrderItemService(unit).split_off(item, Decimal(2))
    assert [(item.quantity, item.amount) for item in items_of_order(order_id)] == [
        (2, Decimal("66.67")),
        (1, Decimal("33.33")),
    ]
    assert findings() == []


def test_staff_who_were_disabled_meanwhile_move_nothing(counter: Counter) -> None:
    order_id, gone = counter.order(), staff(Role.AGENT, "Gone Away")
    with unit_of_work() as unit:
        unit.get_one(StaffUser, gone.staff_id).is_active = False
    with pytest.raises(PermissionDenied):
        move(order_id, 450, gone)


def _at_the_door() -> TransactionDraft:
    return payment("100.00", kind=TenderKind.PAY_ON_DELIVERY, captured_amount=Decimal(0))
