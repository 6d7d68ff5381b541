"""A known order is pulled again: what the channel has changed is taken, what staff have changed stays."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests.order_drafts import (
    HOME,
    OFFICE,
    PLACED,
    customer,
    draft,
    findings,
    items_of,
    line,
    make_channel,
    order_of,
    payment,
    rows,
    with_status,
    write,
)
from webapp.catalog.models import Product, ProductStock, StockList
from webapp.core.audit import AuditContext, AuditEntry, AuditPersonal, Origin
from webapp.core.db import unit_of_work
from webapp.customers.identity import address_hash, address_values
from webapp.customers.models import Address, Customer
from webapp.orders.enums import AttentionKind, OrderStatus
from webapp.orders.inputs import AddressDraft
from webapp.orders.models import (
    Attention,
    CancellationPlan,
    CancellationPlanItem,
    CancellationRequest,
    ExternalStatus,
    Order,
    OrderItem,
    OrderSearch,
)
from webapp.orders.service import OrderService

LATER = datetime(2026, 11, 21, 8, tzinfo=UTC)
STAFF = AuditContext(origin=Origin.PAGE, staff_id=1, actor="Ece Kaya")
TWO = draft(items=(line("1"), line("2", "50.00")))


def last_entry(session: Session, tag: str) -> AuditEntry:
    query = select(AuditEntry).where(AuditEntry.tag == tag).order_by(AuditEntry.id.desc()).limit(1)
    return session.scalars(query).one()


def open_plan(session: Session, item: OrderItem) -> None:
    """As opening a plan leaves it: the item at 50, the plan waiting."""
    plan = CancellationPlan(order_id=item.order_id, kind="cancel", currency="TRY", computed_amount=Decimal(1))
    session.add(plan)
    session.flush()
    session.add(CancellationPlanItem(plan_id=plan.id, order_item_id=item.id))
    before = item.status
    session.execute(
        update(OrderItem).where(OrderItem.id == item.id).values(status=50, status_before_cancel=before)
    )
    session.execute(
        update(Order).where(Order.id == item.order_id).values(has_open_plan=True, cancel_status="waiting")
    )
    session.commit()


# Statuses.


def test_a_later_status_when_pulled_then_items_and_order_move_on_with_a_version_and_an_entry(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, TWO)

    shipped = replace(with_status(TWO, OrderStatus.SHIPPED, "completed"), remote_modified_at=LATER)
    results = write(channel, shipped)

    assert [each.verdict for each in results] == ["updated"]
    order = order_of(session)
    assert (order.status, order.version) == (OrderStatus.SHIPPED, 2)
    assert [(item.status, item.shipped_date) for item in items_of(session)] == [(500, LATER)] * 2
    entry = last_entry(session, "order.status.pulled")
    assert entry.summary == "Demo shop says “completed”: 2 items now shipped"
    assert entry.changes["status"] == [400, 500]
    assert findings() == []


def test_an_older_status_when_pulled_then_ours_stays_and_the_timeline_says_so_once(session: Session) -> None:
    channel = make_channel(session)
    write(channel, with_status(TWO, OrderStatus.SHIPPED, "completed"))

    again = with_status(TWO, OrderStatus.APPROVED, "processing")
    verdicts = [write(channel, again)[0].verdict for _ in range(3)]

    assert verdicts == ["updated", "unchanged", "unchanged"]
    order = order_of(session)
    assert order.status == OrderStatus.SHIPPED
    assert session.get_one(ExternalStatus, order.external_status_id).code == "processing"
    entry = last_entry(session, "order.status.pulled")
    assert entry.summary == "Demo shop says “processing”: 2 items kept at shipped"


def test_an_unknown_word_with_the_same_meaning_when_pulled_then_it_is_kept_as_it_is(session: Session) -> None:
    channel = make_channel(session)
    write(channel, TWO)

    write(channel, replace(TWO, external_status="awaiting-pick"))

    assert session.get_one(ExternalStatus, order_of(session).external_status_id).code == "awaiting-pick"
    assert last_entry(session, "order.status.pulled").summary == "Demo shop says “awaiting-pick”"


def test_items_at_different_statuses_when_pulled_then_the_order_has_the_lowest_and_says_partly_shipped(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, TWO)

    write(channel, replace(TWO, items=(replace(TWO.items[0], status=OrderStatus.SHIPPED), TWO.items[1])))

    order = order_of(session)
    assert (order.status, order.partially_shipped) == (OrderStatus.APPROVED, True)
    assert findings() == []


def test_a_forward_status_when_an_item_waits_for_our_plan_then_it_is_parked_and_raised_once(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, TWO)
    item = items_of(session)[0]
    open_plan(session, item)

    shipped = with_status(TWO, OrderStatus.SHIPPED, "completed")
    verdicts = [write(channel, shipped)[0].verdict for _ in range(2)]

    assert verdicts == ["updated", "unchanged"]
    assert [each.status for each in items_of(session)] == [50, 500]
    raised = session.scalars(select(Attention)).one()
    assert raised.kind == AttentionKind.SHIPPED_WHILE_CANCELLING
    assert raised.facts == {"items": [item.id], "status": 500}
    assert findings() == []


def test_a_closed_attention_when_the_same_facts_are_pulled_then_it_stays_closed(session: Session) -> None:
    channel = make_channel(session)
    write(channel, TWO)
    open_plan(session, items_of(session)[0])
    shipped = with_status(TWO, OrderStatus.SHIPPED, "completed")
    write(channel, shipped)
    session.execute(update(Attention).values(closed_at=LATER))
    session.commit()

    write(channel, shipped)
    write(channel, with_status(TWO, OrderStatus.DELIVERED, "delivered"))

    closed = [
        each.closed_at is not None for each in session.scalars(select(Attention).order_by(Attention.id))
    ]
    assert closed == [True, False]


def test_a_cancel_at_the_channel_when_it_holds_the_money_then_the_item_ends_with_a_closed_plan(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, TWO)

    write(channel, with_status(TWO, OrderStatus.CANCELLED, "cancelled"))

    order = order_of(session)
    assert (order.status, order.cancel_status, order.has_open_plan) == (100, "completed", False)
    plan = session.scalars(select(CancellationPlan)).one()
    assert (plan.origin, plan.status, plan.is_all, plan.computed_amount) == (
        "channel",
        "completed",
        True,
        Decimal("150.00"),
    )
    assert rows(session, CancellationPlanItem) == 2
    assert rows(session, Attention) == 0
    assert findings() == []


def test_a_cancel_at_the_channel_when_we_hold_the_money_then_it_is_asked_for_and_taken_back_with_its_word(
    session: Session,
) -> None:
    channel = make_channel(session)
    given = replace(TWO, transactions=(payment("150.00", holder="us"),))
    write(channel, given)

    cancelled = with_status(given, OrderStatus.CANCELLED, "cancelled")
    verdicts = [write(channel, cancelled)[0].verdict for _ in range(2)]

    assert verdicts == ["updated", "unchanged"]
    assert [(each.status, each.status_before_cancel) for each in items_of(session)] == [(50, 400)] * 2
    assert order_of(session).status == 50
    assert [each.status for each in session.scalars(select(CancellationRequest))] == ["waiting_approval"] * 2
    assert session.scalars(select(Attention.kind)).one() == AttentionKind.ENDED_WITH_OUR_MONEY
    assert findings() == []

    write(channel, given)

    assert [(each.status, each.status_before_cancel) for each in items_of(session)] == [(400, None)] * 2
    assert {each.status for each in session.scalars(select(CancellationRequest))} == {"rejected"}
    assert findings() == []


def test_a_customers_wish_when_the_channel_says_nothing_new_then_the_item_keeps_waiting(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, TWO)
    item = items_of(session)[0]
    session.add(CancellationRequest(order_id=item.order_id, order_item_id=item.id, origin="customer"))
    item.status, item.status_before_cancel = 50, 400
    session.commit()

    verdict = write(channel, TWO)[0].verdict

    assert verdict == "unchanged"
    assert [each.status for each in items_of(session)] == [50, 400]
    assert findings() == []


def test_an_item_that_has_ended_here_when_the_channel_ships_it_then_it_stays_ended_and_is_raised(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, with_status(draft(), OrderStatus.CANCELLED, "cancelled"))

    write(channel, with_status(draft(), OrderStatus.SHIPPED, "completed"))

    assert order_of(session).status == 100
    assert session.scalars(select(Attention.kind)).one() == AttentionKind.GOES_ON_AFTER_END


def test_an_order_that_gets_paid_when_pulled_then_it_goes_to_the_warehouse(session: Session) -> None:
    channel = make_channel(session)
    unpaid = with_status(replace(draft(), transactions=()), OrderStatus.PAYMENT_WAITING, "pending")
    write(channel, unpaid)

    write(channel, draft())

    order = order_of(session)
    assert (order.status, order.is_send) == (OrderStatus.APPROVED, True)
    assert findings() == []


def test_an_order_that_staff_took_back_when_pulled_then_it_stays_not_sent(session: Session) -> None:
    channel = make_channel(session)
    write(channel, draft())
    session.execute(update(Order).values(is_send=False))
    session.commit()

    write(channel, with_status(draft(), OrderStatus.PREPARING, "picking"))

    assert not order_of(session).is_send


def test_stock_when_items_ship_or_end_then_what_was_reserved_is_free_again(session: Session) -> None:
    session.add(StockList(id=5, code="main", name="Main"))
    session.add_all([Product(id=7, sku="SKU-1"), Product(id=8, sku="SKU-2")])
    session.flush()
    channel = make_channel(session, stock_list_id=5)
    write(channel, TWO)

    items = (
        replace(TWO.items[0], status=OrderStatus.SHIPPED),
        replace(TWO.items[1], status=OrderStatus.CANCELLED),
    )
    write(channel, replace(TWO, items=items))

    assert [each.reserved for each in session.scalars(select(ProductStock))] == [0, 0]


# Plain columns.


def test_plain_columns_when_changed_at_the_channel_then_they_are_taken_with_old_and_new_values(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, draft(shipping_option_slug="aras", extra_field={"a": 1}))

    changed = draft(
        shipping_option_slug="ups", payment_option_slug="bacs", installment_count=3, extra_field={"b": 2}
    )
    write(channel, changed)

    order = order_of(session)
    assert (order.shipping_option_slug, order.shipping_company, order.installment_count) == ("ups", "ups", 3)
    assert order.extra_field == {"a": 1, "b": 2}
    assert order.installment_id is not None
    entry = last_entry(session, "order.updated")
    assert entry.changes["shipping_option_slug"] == ["aras", "ups"]


def test_a_column_that_staff_have_edited_when_pulled_then_theirs_stays(session: Session) -> None:
    channel = make_channel(session)
    write(channel, draft(notes="Ring once"))
    with unit_of_work() as unit:
        OrderService(unit).update_order(unit.scalars(select(Order)).one(), STAFF, notes="Leave at the door")

    verdict = write(channel, draft(notes="Ring twice"))[0].verdict

    assert verdict == "unchanged"
    assert order_of(session).notes == "Leave at the door"


def test_a_note_of_the_customer_when_it_changes_then_the_log_keeps_it_where_it_can_be_erased(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, draft(notes="Ring once"))

    write(channel, draft(notes="Ask for Elif"))

    entry = last_entry(session, "order.updated")
    assert "notes" not in entry.changes
    assert session.get_one(AuditPersonal, entry.id).changes == {"notes": ["Ring once", "Ask for Elif"]}


def test_only_the_channels_stamp_when_it_moves_then_nothing_counts_as_changed(session: Session) -> None:
    channel = make_channel(session)
    write(channel, draft())

    verdict = write(channel, draft(remote_modified_at=LATER))[0].verdict

    order = order_of(session)
    assert (verdict, order.remote_modified_at, order.version) == ("unchanged", LATER, 1)
    assert rows(session, AuditEntry) == 1


def test_a_number_that_changes_when_pulled_then_the_order_is_found_by_the_new_one(session: Session) -> None:
    channel = make_channel(session)
    write(channel, draft())

    write(channel, replace(draft(), number="A-77"))

    assert session.scalars(select(OrderSearch.folded)).one().startswith("a-77 ")


def test_a_sku_that_becomes_known_when_pulled_again_then_the_item_gets_its_product_and_reserves_it(
    session: Session,
) -> None:
    session.add(StockList(id=5, code="main", name="Main"))
    session.flush()
    channel = make_channel(session, stock_list_id=5)
    write(channel, draft())
    session.add(Product(id=7, sku="SKU-1"))
    session.commit()

    verdicts = [write(channel, draft())[0].verdict for _ in range(2)]

    assert verdicts == ["updated", "unchanged"]
    assert items_of(session)[0].product_id == 7
    assert session.scalars(select(ProductStock.reserved)).one() == 1


def test_a_tracking_number_when_staff_have_set_another_then_the_channels_is_only_remembered(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, draft(items=(line(), line("2", "50.00"))))
    session.execute(update(OrderItem).where(OrderItem.remote_line_id == "1").values(tracking_number="OURS"))
    session.commit()
    items = (line(tracking_number="THEIRS"), line("2", "50.00", tracking_number="T-2"))

    verdicts = [write(channel, draft(items=items))[0].verdict for _ in range(2)]

    assert verdicts == ["updated", "unchanged"]
    assert [(item.tracking_number, item.tracking_number_seen) for item in items_of(session)] == [
        ("OURS", "THEIRS"),
        ("T-2", "T-2"),
    ]


def test_a_price_with_more_decimals_than_the_column_when_pulled_again_then_it_is_unchanged(
    session: Session,
) -> None:
    channel = make_channel(session)
    given = draft(
        items=(line("1", "10.00", quantity="1.5", price=Decimal("6.66666667"), tax_rate=Decimal("8.1")),)
    )
    write(channel, given)

    assert write(channel, given)[0].verdict == "unchanged"


# People and addresses.


def test_another_address_at_the_channel_when_ours_is_the_one_it_gave_then_it_is_taken(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, draft())

    write(channel, draft(shipping_address=OFFICE))

    order = order_of(session)
    now = session.get_one(Address, order.shipping_address_id)
    assert (now.company, order.shipping_address_seen_id) == ("Koç Tekstil", now.id)
    assert order.billing_address_id != now.id
    entry = last_entry(session, "order.address.changed")
    assert entry.summary == "Demo shop changed the shipping address"
    assert "Koç" not in str(entry.changes)
    personal = session.get_one(AuditPersonal, entry.id).changes
    assert personal["line1"] == ["Moda Cad. 22/1", "Bağdat Cad. 118/4"]
    assert findings() == []


def change_address_here(session: Session, address: AddressDraft) -> int:
    """As staff leave it: a new version, and the order points to it."""
    order = order_of(session)
    fields = dict(
        zip(("first_name", "last_name", "company", "line1"), address_values(address)[:4], strict=True)
    )
    ours = Address(
        customer_id=order.customer_id, content_hash=address_hash(address), country=address.country, **fields
    )
    session.add(ours)
    session.flush()
    order.shipping_address_id = ours.id
    session.commit()
    return ours.id


def test_an_address_changed_here_when_the_channel_still_says_the_old_one_then_ours_stays(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, draft())
    ours = change_address_here(session, OFFICE)

    verdict = write(channel, draft())[0].verdict

    assert verdict == "unchanged"
    assert order_of(session).shipping_address_id == ours
    assert rows(session, Attention) == 0


def test_an_address_changed_here_and_then_there_when_pulled_then_ours_stays_and_it_is_raised(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, draft())
    ours = change_address_here(session, OFFICE)
    theirs = draft(shipping_address=replace(HOME, line1="Barbaros Bul. 3"))

    verdicts = [write(channel, theirs)[0].verdict for _ in range(2)]

    assert verdicts[1] == "unchanged"
    order = order_of(session)
    assert order.shipping_address_id == ours
    assert session.get_one(Address, order.shipping_address_seen_id).line1 == "Barbaros Bul. 3"
    assert session.scalars(select(Attention.kind)).one() == AttentionKind.ADDRESS_CHANGED_TWICE


def test_our_address_when_the_channel_says_it_too_then_both_agree_silently(session: Session) -> None:
    channel = make_channel(session)
    write(channel, draft())
    ours = change_address_here(session, OFFICE)

    verdict = write(channel, draft(shipping_address=OFFICE))[0].verdict

    order = order_of(session)
    assert (verdict, order.shipping_address_id, order.shipping_address_seen_id) == ("unchanged", ours, ours)
    assert rows(session, Attention) == 0


def test_another_address_when_packing_has_begun_then_it_is_taken_and_raised(session: Session) -> None:
    channel = make_channel(session)
    packing = with_status(draft(), OrderStatus.PREPARING, "picking")
    write(channel, packing)

    write(channel, replace(packing, shipping_address=OFFICE))

    assert session.scalars(select(Attention.kind)).one() == AttentionKind.ADDRESS_CHANGED_LATE
    assert session.get_one(Address, order_of(session).shipping_address_id).company == "Koç Tekstil"


def test_no_address_at_all_when_pulled_then_the_one_we_know_stays(session: Session) -> None:
    channel = make_channel(session)
    write(channel, draft())

    verdict = write(
        channel, draft(shipping_address=AddressDraft(country="TR"), billing_address=AddressDraft())
    )[0].verdict

    assert verdict == "unchanged"


def test_a_guest_who_registers_when_pulled_then_the_order_and_an_address_changed_here_go_with_them(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, draft(customer=customer(remote_id="guest:1")))
    change_address_here(session, OFFICE)

    verdicts = [write(channel, draft(customer=customer(remote_id="7")))[0].verdict for _ in range(2)]

    assert verdicts == ["updated", "unchanged"]
    order = order_of(session)
    assert session.get_one(Customer, order.customer_id).remote_id == "7"
    assert session.get_one(Address, order.shipping_address_id).line1 == OFFICE.line1
    assert findings() == []


@pytest.mark.parametrize(
    ("field", "value", "found_by"),
    [
        ("phone", "+90 532 111 22 33", "905321112233"),
        ("email", "Neu@example.com", "neu@example.com"),
        ("last_name", "Işık", "isik"),
    ],
)
def test_data_of_the_customer_when_changed_with_their_latest_order_then_they_are_taken(
    session: Session, field: str, value: str, found_by: str
) -> None:
    channel = make_channel(session)
    write(channel, draft())

    verdicts = [write(channel, draft(customer=customer(**{field: value})))[0].verdict for _ in range(2)]

    assert verdicts == ["updated", "unchanged"]
    assert getattr(session.scalars(select(Customer)).one(), field) == value
    assert found_by in session.scalars(select(OrderSearch.folded)).one()


def test_orders_of_two_channels_with_the_same_ids_when_written_then_they_stay_apart(session: Session) -> None:
    first, second = make_channel(session), make_channel(session, name="Other shop")

    write(first, draft(date_placed=PLACED))
    write(second, draft(channel_id=second.id))

    assert rows(session, Order) == rows(session, Customer) == 2
    assert findings() == []


def test_another_shipping_option_when_pulled_then_items_not_sent_yet_get_its_carrier(
    session: Session,
) -> None:
    channel = make_channel(session)
    items = (line(tracking_number="A-1"), line("2", "50.00"))
    write(channel, draft(items=items, shipping_option_slug="aras"))

    write(channel, draft(items=items, shipping_option_slug="ups"))

    assert [item.shipping_company for item in items_of(session)] == ["aras", "ups"]


def test_a_person_erased_under_another_id_when_pulled_then_the_order_stays_theirs(session: Session) -> None:
    channel = make_channel(session)
    write(channel, draft())
    session.execute(update(Customer).values(remote_id="erased:1", first_name="", erased_at=func.now()))
    session.commit()

    verdict = write(channel, draft())[0].verdict

    assert verdict == "unchanged"
    assert rows(session, Customer) == 1
