"""OrderService: create, edit, derive, distribute, note."""

import uuid
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.order_drafts import draft, findings, items_of, line, make_channel, order_of, rows, write
from webapp.channels.models import Channel
from webapp.core.audit import AuditContext, AuditEntry, AuditPersonal, Origin
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict, InvalidInput, OrderDuplicatedFieldException
from webapp.core.money import InvalidAmount
from webapp.customers.models import Customer
from webapp.orders.enums import OrderStatus
from webapp.orders.inputs import DiscountDraft
from webapp.orders.models import CancellationPlan, Order, OrderItem, OrderNote
from webapp.orders.service import OrderService

STAFF = AuditContext(origin=Origin.PAGE, staff_id=1, actor="Ece Kaya")
DISCOUNTED = draft(
    items=(line("1", "100.00"), line("2", "50.00")),
    discounts=(DiscountDraft("c1", "order", Decimal("15.00"), also_shipping=True),),
    shipping_amount=Decimal("9.00"),
)


def fields(**changed: Any) -> dict[str, Any]:
    """The fields of a draft without those that create_order takes by itself."""
    given = draft(**changed)
    return {name: getattr(given, name) for name in asdict(given) if name not in ("number", "channel_id")}


def create(channel: Channel, number: str, **given: Any) -> Order:
    with unit_of_work() as session:
        channel = session.get_one(Channel, channel.id)
        return OrderService(session).create_order(number, channel, audit_context=STAFF, **given)


def edit(version: int | None = None, **columns: Any) -> None:
    with unit_of_work() as session:
        order = session.scalars(select(Order)).one()
        OrderService(session).update_order(order, STAFF, version=version, **columns)


def test_a_new_number_when_created_then_the_order_is_there_and_the_log_says_by_whom(session: Session) -> None:
    channel = make_channel(session)

    create(channel, "T-1", **fields(remote_id=None))

    order = order_of(session, "T-1")
    assert (order.remote_id, order.amount, order.status) == (None, Decimal(100), OrderStatus.APPROVED)
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.summary) == ("Ece Kaya", "created the order: 1 item, 100.00 TRY")
    assert findings() == []


def test_a_number_that_is_taken_when_created_then_it_is_refused_and_nothing_is_left(session: Session) -> None:
    channel = make_channel(session)
    write(channel, draft("T-1"))
    before = rows(session, Customer)

    with pytest.raises(OrderDuplicatedFieldException, match="number T-1 already"):
        create(channel, "T-1", **fields(remote_id="another", customer=draft().customer.__class__("stranger")))

    assert (rows(session, Order), rows(session, Customer)) == (1, before)


def test_the_same_number_on_another_channel_when_created_then_it_is_another_order(session: Session) -> None:
    create(make_channel(session), "T-1", **fields())

    create(make_channel(session, name="Other shop"), "T-1", **fields())

    assert rows(session, Order) == 2


def test_an_amount_that_cannot_be_when_created_then_it_is_refused(session: Session) -> None:
    channel = make_channel(session)

    with pytest.raises(InvalidAmount):
        create(channel, "T-1", **fields(items=(line(amount="1.001"),)))

    assert rows(session, Order) == 0


def test_columns_when_edited_then_they_have_a_version_and_old_and_new_values(session: Session) -> None:
    write(make_channel(session), draft(notes="Ring once"))

    edit(version=1, notes="Ask for Elif", segment="vip", language_code=None)

    order = order_of(session)
    assert (order.notes, order.segment, order.version) == ("Ask for Elif", "vip", 2)
    assert order.edited_here == ["notes", "segment"]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.tag == "order.updated")).one()
    assert (entry.summary, entry.changes) == ("changed notes and segment", {"segment": [None, "vip"]})
    assert session.get_one(AuditPersonal, entry.id).changes == {"notes": ["Ring once", "Ask for Elif"]}


def test_nothing_new_when_edited_then_nothing_is_logged(session: Session) -> None:
    write(make_channel(session), draft(notes="Ring once"))

    edit(notes="Ring once")

    assert order_of(session).version == 1
    assert rows(session, AuditEntry) == 1


def test_an_order_changed_meanwhile_when_edited_then_it_is_refused_and_says_by_whom(session: Session) -> None:
    write(make_channel(session), draft())
    edit(notes="Ring once")

    with pytest.raises(Conflict, match="Ece Kaya has changed this order meanwhile") as refused:
        edit(version=1, notes="Ring twice")

    changed_at = session.scalars(select(AuditEntry.at).where(AuditEntry.tag == "order.updated")).one()
    assert refused.value.details == {
        "version": 2,
        "changed_by": "Ece Kaya",
        "changed_at": changed_at.isoformat(),
        "change": "changed notes",
    }
    assert order_of(session).notes == "Ring once"


@pytest.mark.parametrize(
    ("columns", "fields_refused"),
    [
        ({"amount": Decimal(1)}, {"amount": ["This cannot be changed here."]}),
        ({"status": 500, "notes": "x"}, {"status": ["This cannot be changed here."]}),
        ({"segment": "x" * 65}, {"segment": ["This is too long."]}),
        ({"client_type": "fax"}, {"client_type": ["Use one of android, default, in_store and ios."]}),
    ],
    ids=["money", "status", "too long", "no such choice"],
)
def test_a_column_that_cannot_be_edited_when_edited_then_it_is_refused_by_name(
    session: Session, columns: dict[str, Any], fields_refused: dict[str, list[str]]
) -> None:
    write(make_channel(session), draft())

    with pytest.raises(InvalidInput) as refused:
        edit(**columns)

    assert refused.value.fields == fields_refused
    assert order_of(session).version == 1


def test_a_status_that_is_not_what_the_items_say_when_derived_then_it_is_set_and_logged_once(
    session: Session,
) -> None:
    write(make_channel(session), draft())
    session.execute(update(OrderItem).values(status=500))
    session.commit()

    for _ in range(2):
        with unit_of_work() as unit:
            OrderService(unit).order_status_update(unit.scalars(select(Order)).one(), STAFF)

    order = order_of(session)
    assert (order.status, order.version) == (OrderStatus.SHIPPED, 2)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.tag == "order.status.derived")).one()
    assert entry.changes == {"status": [400, 500]}
    assert findings() == []


def distribute() -> None:
    with unit_of_work() as session:
        OrderService(session).set_distribute_interest_amount(session.scalars(select(Order)).one(), STAFF)


def test_right_shares_when_distributed_anew_then_nothing_changes(session: Session) -> None:
    write(make_channel(session), DISCOUNTED)

    distribute()

    assert order_of(session).version == 1
    assert [item.discount_amount for item in items_of(session)] == [Decimal(10), Decimal(5)]


def test_wrong_shares_when_distributed_anew_then_they_follow_the_rules_again(session: Session) -> None:
    write(make_channel(session), DISCOUNTED)
    session.execute(
        update(OrderItem)
        .where(OrderItem.remote_line_id == "1")
        .values(discount_amount=0, shipping_amount=Decimal("1.00"))
    )
    session.commit()

    distribute()

    items = items_of(session)
    assert [item.discount_amount for item in items] == [Decimal(10), Decimal(5)]
    assert [item.shipping_amount for item in items] == [Decimal("6.00"), Decimal("3.00")]
    assert order_of(session).version == 2
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert entry.summary == "Rule distributed discount 15.00 and shipping 9.00 TRY over 2 items anew"
    assert findings() == []


def test_a_discount_that_reached_the_shipping_when_distributed_anew_then_it_is_not_taken_twice(
    session: Session,
) -> None:
    wide = DiscountDraft("c1", "order", Decimal("105.00"), also_shipping=True)
    given = draft(discounts=(wide,), shipping_amount=Decimal("9.00"), amount=Decimal("4.00"))
    write(make_channel(session), given)

    distribute()

    order = order_of(session)
    assert (order.shipping_discount_amount, order.version) == (Decimal("5.00"), 1)


def test_shares_that_a_cancellation_stands_on_when_distributed_anew_then_it_is_refused(
    session: Session,
) -> None:
    write(make_channel(session), DISCOUNTED)
    session.add(CancellationPlan(order_id=order_of(session).id, kind="cancel", currency="TRY"))
    session.commit()

    with pytest.raises(Conflict, match="A cancellation of order 1001 stands on its amounts"):
        distribute()


def test_a_note_when_left_twice_by_one_form_then_it_is_there_once(session: Session) -> None:
    write(make_channel(session), draft())
    submission = uuid.uuid4()

    taken = []
    for _ in range(2):
        with unit_of_work() as unit:
            order = unit.scalars(select(Order)).one()
            taken.append(
                OrderService(unit).add_note(order, "Called, no answer", STAFF, submission=submission)
            )

    assert taken == [True, False]
    assert session.scalars(select(OrderNote.body)).one() == "Called, no answer"
