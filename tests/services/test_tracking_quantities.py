"""Rows of an upload that say how many units: items are divided, sent again they do nothing, undone they are whole."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.factories import item, make_payment
from tests.order_drafts import findings
from tests.uploading import HEADER, Uploads, csv_of, noted, order_now, told, verdicts
from webapp.channels.push_facts import push_of
from webapp.channels.pushes import TrackingPush
from webapp.core.db import db, unit_of_work
from webapp.orders.models import (
    CancellationRequest,
    IntegrationAction,
    Order,
    OrderItem,
    order_item_transaction,
)

BY_ITEM = (*HEADER, "SKU", "Quantity")


@pytest.fixture
def desk(session: Session) -> Uploads:
    return Uploads.open(session)


def parts_now(order_id: int) -> list[tuple[int, int, str | None]]:
    """Units, status and number of each item, the parts of a line together."""
    db.session.rollback()
    query = select(OrderItem).where(OrderItem.order_id == order_id)
    rows = db.session.scalars(query.order_by(OrderItem.position, OrderItem.part))
    return [(int(row.quantity), row.status, row.tracking_number) for row in rows]


def money_of(order_id: int) -> list[Any]:
    """What an item is worth, and how that came about."""
    db.session.rollback()
    rows = db.session.scalars(select(OrderItem).where(OrderItem.order_id == order_id).order_by(OrderItem.id))
    return [
        (row.quantity, row.ordered_quantity, row.amount, row.discount_amount, row.tax_amount, row.price_steps)
        for row in rows
    ]


def _item_of(number: str) -> int:
    return db.session.scalars(select(OrderItem.id).where(OrderItem.tracking_number == number)).one()


def test_a_quantity_when_smaller_than_the_items_then_so_many_units_leave_and_a_later_file_sends_the_rest(
    desk: Uploads,
) -> None:
    order_id = desk.order("1001", item("99.99", sku="SC", quantity=Decimal(5)), item(sku="HAT"))
    content = csv_of([BY_ITEM, ("1001", "TR1001A", "SC", "2")])
    upload_id = desk.upload(content)
    assert verdicts(upload_id) == [("will_ship", "2/5")]

    assert desk.apply(upload_id).shipped == 1

    assert parts_now(order_id) == [(3, 400, None), (2, 500, "TR1001A"), (1, 400, None)]
    order = order_now(order_id)
    assert (order.status, order.partially_shipped, order.tracking_number) == (400, True, "TR1001A")
    (word,) = told(order_id)
    assert (word["tracking_number"], word["items"]) == ("TR1001A", [_item_of("TR1001A")])
    assert findings() == []
    assert verdicts(desk.upload(content)) == [("unchanged", "")]

    rest = desk.upload(csv_of([BY_ITEM, ("1001", "TR1001B", "SC", "3"), ("1001", "TR1001C", "HAT", "1")]))

    assert desk.apply(rest).shipped == 2
    assert parts_now(order_id) == [(3, 500, "TR1001B"), (2, 500, "TR1001A"), (1, 500, "TR1001C")]
    assert order_now(order_id).status == 500
    assert (len(told(order_id)), noted()) == (3, 3)
    assert findings() == []


def test_two_rows_for_one_item_when_their_quantities_add_up_then_it_leaves_in_two_parcels(
    desk: Uploads,
) -> None:
    order_id = desk.order("1001", item("100.01", quantity=Decimal(5)))
    rows = [("1001", "TR1001A", "", "2"), ("1001", "TR1001B", "", "3")]
    upload_id = desk.upload(csv_of([BY_ITEM, *rows]))
    assert verdicts(upload_id) == [("will_ship", "2/5"), ("will_ship", "3/5")]

    desk.apply(upload_id)

    assert parts_now(order_id) == [(3, 500, "TR1001B"), (2, 500, "TR1001A")]
    assert order_now(order_id).status == 500
    assert findings() == []
    assert verdicts(desk.upload(csv_of([BY_ITEM, *rows]))) == [("unchanged", ""), ("unchanged", "")]


def test_three_parts_of_an_item_named_by_its_id_when_sent_again_then_nothing_is_sent_twice(
    desk: Uploads,
) -> None:
    order_id = desk.order("1001", item(quantity=Decimal(7)))
    item_id = str(db.session.scalars(select(OrderItem.id)).one())
    rows = [("1001", f"TR1001{sign}", item_id, "2") for sign in "ABC"]
    desk.apply(desk.upload(csv_of([BY_ITEM, *rows])))

    again = desk.upload(csv_of([BY_ITEM, *rows]))

    assert verdicts(again) == [("unchanged", "")] * 3
    assert sorted(parts_now(order_id)) == [
        (1, 400, None),
        *((2, 500, f"TR1001{sign}") for sign in "ABC"),
    ]


def test_a_part_when_cancelled_between_preview_and_applying_then_the_row_says_what_is_left(
    desk: Uploads,
) -> None:
    order_id = desk.order("1001", item(quantity=Decimal(5)))
    upload_id = desk.upload(csv_of([BY_ITEM, ("1001", "TR1001A", "", "4")]))
    desk.apply(desk.upload(csv_of([BY_ITEM, ("1001", "TR1001B", "", "3")])))

    applied = desk.apply(upload_id)

    assert (applied.shipped, applied.refused) == (0, 1)
    assert verdicts(upload_id) == [("quantity", "2")]
    assert sorted(parts_now(order_id)) == [(2, 400, None), (3, 500, "TR1001B")]


def test_a_part_when_undone_then_the_item_is_whole_again_with_all_its_money(desk: Uploads) -> None:
    order_id = desk.order("1001", item("100.01", quantity=Decimal(5), discount_amount=Decimal("7.77")))
    before = money_of(order_id)
    rows = [("1001", "TR1001A", "", "2"), ("1001", "TR1001B", "", "2")]
    upload_id = desk.upload(csv_of([BY_ITEM, *rows]))
    desk.apply(upload_id)
    assert len(parts_now(order_id)) == 3

    undone = desk.undo(upload_id)

    assert (undone.undone, undone.shipped) == (2, 0)
    assert parts_now(order_id) == [(5, 400, None)]
    assert money_of(order_id) == before
    assert (order_now(order_id).status, order_now(order_id).tracking_number) == (400, None)
    assert told(order_id) == []
    assert findings() == []
    assert verdicts(desk.upload(csv_of([BY_ITEM, *rows]))) == [("will_ship", "2/5"), ("will_ship", "2/5")]


def test_a_part_when_undone_after_the_rest_has_left_then_it_stays_an_item_of_its_own(desk: Uploads) -> None:
    order_id = desk.order("1001", item(quantity=Decimal(5)))
    first = desk.upload(csv_of([BY_ITEM, ("1001", "TR1001A", "", "2")]))
    desk.apply(first)
    desk.apply(desk.upload(csv_of([BY_ITEM, ("1001", "TR1001B", "", "3")])))

    assert desk.undo(first).undone == 1

    assert sorted(parts_now(order_id), key=str) == [(2, 400, None), (3, 500, "TR1001B")]
    assert findings() == []


def test_a_part_when_it_leaves_then_its_reservation_its_payment_and_the_channels_word_are_of_its_units(
    desk: Uploads, session: Session
) -> None:
    for words in (
        "INSERT INTO stock_list (id, code, name) OVERRIDING SYSTEM VALUE VALUES (1, 'main', 'Main')",
        "INSERT INTO product (id, sku, name) OVERRIDING SYSTEM VALUE VALUES (1, 'SC', 'Scarf')",
        "INSERT INTO product_stock (product_id, stock_list_id, reserved) VALUES (1, 1, 5)",
    ):
        session.execute(text(words))
    session.commit()
    order_id = desk.order("1001", item(quantity=Decimal(5), product_id=1, stock_list_id=1))
    payment = make_payment(session, session.get_one(Order, order_id))
    link = {"order_item_id": session.scalars(select(OrderItem.id)).one(), "transaction_id": payment.id}
    session.execute(order_item_transaction.insert().values(link))
    session.commit()

    upload_id = desk.upload(csv_of([BY_ITEM, ("1001", "TR1001A", "", "2")]))
    desk.apply(upload_id)

    db.session.rollback()
    assert db.session.scalars(text("SELECT reserved FROM product_stock")).one() == Decimal(3)
    assert len(db.session.execute(select(order_item_transaction)).all()) == 2
    push = push_of(db.session(), db.session.scalars(select(IntegrationAction)).one(), may_be_there=False)
    assert isinstance(push, TrackingPush)
    assert [(each.remote_line_id, each.quantity) for each in push.items] == [("1", Decimal(2))]

    desk.undo(upload_id)

    db.session.rollback()
    assert db.session.scalars(text("SELECT reserved FROM product_stock")).one() == Decimal(5)
    assert len(db.session.execute(select(order_item_transaction)).all()) == 1
    assert parts_now(order_id) == [(5, 400, None)]


def test_a_part_when_a_cancellation_has_spoken_of_it_then_undoing_leaves_it_an_item_of_its_own(
    desk: Uploads,
) -> None:
    order_id = desk.order("1001", item(quantity=Decimal(5)))
    upload_id = desk.upload(csv_of([BY_ITEM, ("1001", "TR1001A", "", "2")]))
    desk.apply(upload_id)
    with unit_of_work() as unit:
        wish = CancellationRequest(order_id=order_id, order_item_id=_item_of("TR1001A"), status="rejected")
        unit.add(wish)

    assert desk.undo(upload_id).undone == 1

    assert parts_now(order_id) == [(3, 400, None), (2, 400, None)]
    assert findings() == []
