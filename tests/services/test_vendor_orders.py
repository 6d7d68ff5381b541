"""Items that somebody else supplies are mirrored with every change, and what their vendor says moves the order."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter, ship
from tests.order_drafts import draft, findings, line, write
from tests.racing import race, without_row_locks
from webapp.catalog.models import Product
from webapp.channels.models import Channel, DataSource
from webapp.core.audit import AuditEntry
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput, PermissionDenied, TransitionNotAllowed
from webapp.orders.enums import OrderStatus
from webapp.orders.inputs import MoveItems, VendorWord
from webapp.orders.models import IntegrationAction, Order, OrderItem, VendorOrder, VendorOrderItem
from webapp.orders.service import OrderItemService, VendorOrderService
from webapp.orders.service.moving import move_items


@pytest.fixture
def counter(session: Session) -> Counter:
    """A channel with a source of its own, and products of two vendors: V-1, W-1; M-1 is the channel's own."""
    counter = Counter.open(session)
    sources = {name: DataSource(slug=name, name=name.title()) for name in ("mine", "vera", "wolf")}
    session.add_all(sources.values())
    session.flush()
    for sku, name in (("M-1", "mine"), ("V-1", "vera"), ("V-2", "vera"), ("W-1", "wolf")):
        session.add(Product(sku=sku, name=sku, data_source_id=sources[name].id))
    session.execute(update(Channel).values(data_source_id=sources["mine"].id))
    session.commit()
    return counter


def order_of(counter: Counter, *skus: str, number: str = "1001") -> int:
    return counter.order_of(
        tuple(line(str(at), "10.00", sku=sku, name=sku) for at, sku in enumerate(skus, start=1)),
        number=number,
    )


def vendors(order_id: int) -> dict[str, tuple[int, list[int]]]:
    """By the vendor's word: where its part stands, and each of its items."""
    db.session.rollback()
    db.session.expire_all()
    found = {}
    for vendor, slug in db.session.execute(
        select(VendorOrder, DataSource.slug)
        .join(DataSource, DataSource.id == VendorOrder.data_source_id)
        .where(VendorOrder.order_id == order_id)
    ):
        lines = select(VendorOrderItem.status).where(VendorOrderItem.vendor_order_id == vendor.id)
        found[slug] = (vendor.status, list(db.session.scalars(lines.order_by(VendorOrderItem.order_item_id))))
    return found


def vendor_id(order_id: int) -> int:
    db.session.rollback()
    query = select(VendorOrder.id).where(VendorOrder.order_id == order_id).order_by(VendorOrder.id)
    return db.session.scalars(query).first() or 0


def says(order_id: int, counter: Counter, *, version: int | None = None, **word: Any) -> None:
    key = vendor_id(order_id)
    with unit_of_work() as unit:
        VendorOrderService(unit).says(key, VendorWord(**word), counter.agent, version=version)


def move(order_id: int, counter: Counter, status: OrderStatus, *items: int) -> None:
    with unit_of_work() as unit:
        move_items(unit, order_id, MoveItems(status, frozenset(items) or None), counter.agent)


def words_to_channel(order_id: int) -> list[tuple[str, dict[str, Any]]]:
    db.session.rollback()
    query = select(IntegrationAction).where(IntegrationAction.order_id == order_id)
    return [(each.kind, each.args) for each in db.session.scalars(query.order_by(IntegrationAction.id))]


def test_order_when_written_with_vendor_items_then_each_vendor_has_its_part(counter: Counter) -> None:
    order_id = order_of(counter, "M-1", "V-1", "V-2", "W-1")
    assert vendors(order_id) == {"vera": (400, [400, 400]), "wolf": (400, [400])}
    assert db.session.scalars(select(VendorOrder.number)).all() == ["1001", "1001"]


def test_order_when_all_of_it_is_the_channels_own_then_nobody_else_and_not_one_statement(
    counter: Counter,
) -> None:
    seen = statements(lambda: order_of(counter, "M-1", "UNKNOWN"))
    assert [each for each in seen if "vendor" in each] == []
    # The control: the same ear hears them where there is one.
    assert [each for each in statements(lambda: order_of(counter, "V-1", number="2")) if "vendor" in each]


def statements(deed: Callable[[], Any]) -> list[str]:
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        heard.append(statement)

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        deed()
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)
    return heard


def test_order_when_its_product_becomes_a_vendors_by_a_pull_then_it_is_mirrored(counter: Counter) -> None:
    order_id = order_of(counter, "LATER-1")
    assert vendors(order_id) == {}
    with unit_of_work() as unit:
        source = unit.scalars(select(DataSource).where(DataSource.slug == "vera")).one()
        unit.add(Product(sku="LATER-1", name="Later", data_source_id=source.id))
    lines = (line("1", "10.00", sku="LATER-1", name="Later"),)
    write(counter.desk.channel, draft("1001", items=lines, channel_id=counter.desk.channel.id))
    assert vendors(order_id) == {"vera": (400, [400])}


def test_item_when_staff_map_it_to_a_vendors_product_then_it_is_mirrored(counter: Counter) -> None:
    order_id = order_of(counter, "UNKNOWN")
    with unit_of_work() as unit:
        item = unit.scalars(select(OrderItem).where(OrderItem.order_id == order_id)).one()
        product = unit.scalars(select(Product).where(Product.sku == "W-1")).one()
        OrderItemService(unit).update_order_item(item, audit_context=counter.agent, product_id=product.id)
    assert vendors(order_id) == {"wolf": (400, [400])}


def test_items_when_moved_cancelled_and_given_back_then_the_vendors_follow(counter: Counter) -> None:
    order_id = order_of(counter, "V-1", "V-2", "W-1")
    first, second, third = [item.id for item in items_of_order(order_id)]
    move(order_id, counter, OrderStatus.PREPARING, first)
    assert vendors(order_id) == {"vera": (400, [450, 400]), "wolf": (400, [400])}
    counter.cancel(order_id, second)
    assert vendors(order_id)["vera"] == (450, [450, 50])
    counter.reject(order_id)
    assert vendors(order_id)["vera"] == (400, [450, 400])
    counter.cancel(order_id, third)
    counter.approve(order_id)
    assert vendors(order_id) == {"vera": (400, [450, 400]), "wolf": (100, [100])}
    ship(order_id, first)
    assert vendors(order_id)["vera"] == (400, [500, 400])


def test_vendor_when_it_prepares_then_only_its_items_move_and_the_log_says_so(counter: Counter) -> None:
    order_id = order_of(counter, "M-1", "V-1")
    says(order_id, counter, status=OrderStatus.PREPARING)
    assert [item.status for item in items_of_order(order_id)] == [400, 450]
    assert vendors(order_id) == {"vera": (450, [450])}
    tags = set(db.session.scalars(select(AuditEntry.tag).where(AuditEntry.order_id == order_id)))
    assert {"vendor_order.said", "order.status.changed"} <= tags


def test_vendor_when_it_gives_a_parcels_number_then_its_items_ship_and_the_channel_is_told(
    counter: Counter,
) -> None:
    order_id = order_of(counter, "M-1", "V-1", "V-2")
    own, first, second = [item.id for item in items_of_order(order_id)]
    says(order_id, counter, tracking_number=" VER-77 ", items=frozenset([first]))
    items = {item.id: item for item in items_of_order(order_id)}
    assert (items[first].status, items[first].tracking_number) == (500, "VER-77")
    assert (items[own].status, items[second].status) == (400, 400)
    assert vendors(order_id) == {"vera": (400, [500, 400])}
    assert words_to_channel(order_id) == [("tracking", {"tracking_number": "VER-77", "items": [first]})]
    assert order_now(order_id).partially_shipped is True


def test_shipping_info_when_sent_twice_then_the_second_changes_nothing(counter: Counter) -> None:
    order_id = order_of(counter, "V-1")
    says(order_id, counter, tracking_number="VER-77")
    version = order_now(order_id).version
    with unit_of_work() as unit:
        items = list(unit.scalars(select(OrderItem).where(OrderItem.order_id == order_id)))
        assert OrderItemService(unit).send_shipping_info(items, counter.agent) == 0
    assert (order_now(order_id).version, len(words_to_channel(order_id))) == (version, 1)


def test_vendor_when_its_item_is_being_cancelled_then_nothing_ships_and_the_sentence_names_it(
    counter: Counter,
) -> None:
    order_id = order_of(counter, "V-1", "V-2")
    first = items_of_order(order_id)[0].id
    counter.cancel(order_id, first)
    with pytest.raises(TransitionNotAllowed, match=r"V-1 is cancellation waiting \(50\)"):
        says(order_id, counter, tracking_number="VER-77", items=frozenset([first]))
    assert [item.tracking_number for item in items_of_order(order_id)] == [None, None]
    noted = db.session.scalars(select(VendorOrderItem.tracking_number)).all()
    assert noted == [None, None]


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ({}, "Say where the items stand"),
        ({"status": OrderStatus.PREPARING, "tracking_number": "X"}, "has left"),
        ({"tracking_number": "X" * 65}, "at most 64"),
        ({"tracking_number": "X", "cargo_company_id": 999}, "no such carrier"),
        ({"status": OrderStatus.SHIPPED, "items": frozenset([999])}, "not this vendor's"),
        ({"status": OrderStatus.SHIPPED, "items": frozenset()}, "at least one item"),
    ],
)
def test_vendor_when_its_words_make_no_sense_then_refused_and_nothing_moves(
    counter: Counter, word: dict[str, Any], sentence: str
) -> None:
    order_id = order_of(counter, "V-1")
    with pytest.raises(InvalidInput, match=sentence):
        says(order_id, counter, **word)
    assert vendors(order_id) == {"vera": (400, [400])}


def test_vendor_when_somebody_may_not_move_items_then_refused(counter: Counter) -> None:
    order_id = order_of(counter, "V-1")
    key = vendor_id(order_id)
    with pytest.raises(PermissionDenied), unit_of_work() as unit:
        VendorOrderService(unit).says(key, VendorWord(OrderStatus.PREPARING), counter.finance)


def test_two_people_when_they_write_a_vendors_word_at_once_then_one_wins_and_one_sees_that(
    app: Flask, counter: Counter
) -> None:
    for turn in range(10):
        order_id = order_of(counter, "V-1", number=f"r{turn}")
        version = version_of(order_id)
        word = partial(says, order_id, counter, version=version, status=OrderStatus.PREPARING)
        outcomes = race(app, [word] * 2)
        assert sorted(type(each).__name__ for each in outcomes) == ["Conflict", "NoneType"], outcomes
        assert len(moves(order_id)) == 1


def test_control_when_no_version_is_given_then_the_second_is_refused_by_the_table_alone(
    app: Flask, counter: Counter
) -> None:
    """Without the version the loser learns that an item cannot go, not that a colleague was faster."""
    order_id = order_of(counter, "V-1")
    outcomes = race(app, [lambda: says(order_id, counter, status=OrderStatus.PREPARING)] * 2)
    assert not any(isinstance(each, Conflict) and each.error_code == "stale_version" for each in outcomes)
    assert len(moves(order_id)) == 1


def test_control_when_the_order_is_not_locked_then_both_pass_the_version(
    app: Flask, counter: Counter
) -> None:
    """The version alone guards nothing: both have read it before either writes."""
    order_id = order_of(counter, "V-1")
    seen = version_of(order_id)
    with without_row_locks("FROM vendor_order \nWHERE vendor_order.id"):
        outcomes = race(
            app, [lambda: says(order_id, counter, version=seen, status=OrderStatus.PREPARING)] * 2
        )
    assert not any(isinstance(each, Conflict) for each in outcomes), outcomes
    assert len(moves(order_id)) == 2


def version_of(order_id: int) -> int:
    db.session.rollback()
    return db.session.scalars(select(VendorOrder.version).where(VendorOrder.order_id == order_id)).one()


def moves(order_id: int) -> list[AuditEntry]:
    db.session.rollback()
    query = select(AuditEntry).where(
        AuditEntry.order_id == order_id, AuditEntry.tag == "order.status.changed"
    )
    return list(db.session.scalars(query))


def test_verify_when_a_mirror_is_behind_then_it_says_which_item(counter: Counter) -> None:
    order_id = order_of(counter, "V-1")
    assert findings() == []
    with unit_of_work() as unit:
        unit.execute(update(VendorOrderItem).values(status=450))
    assert findings() == ["vendor_behind: The item stands at 400, at its vendor it stands at 450."], order_id


def test_create_when_asked_for_an_order_then_mirrored_once(counter: Counter) -> None:
    order_id = order_of(counter, "V-1")
    with unit_of_work() as unit:
        for _ in range(2):
            made = VendorOrderService(unit).create(unit.get_one(Order, order_id))
        assert [each.status for each in made] == [400]
    assert len(db.session.scalars(select(VendorOrderItem)).all()) == 1
