"""What is announced: in the transaction of the change, once per subject, nobody's name, nothing where nobody listens."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event as hooks
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.cancelling import Counter, plans_of
from tests.order_drafts import PLACED, customer, draft, line, make_channel, order_of, rows, with_status, write
from tests.webhooks.hearing import deliveries, events, facts, names, subscribe, work
from webapp.core.audit import SYSTEM, AuditContext, Origin
from webapp.core.db import db, unit_of_work
from webapp.core.operations import Operation
from webapp.events.announcing import News, announce
from webapp.events.models import Event, WebhookDelivery
from webapp.events.names import EventName
from webapp.orders.enums import OrderStatus, RefundState
from webapp.orders.inputs import ExternalRefundDraft
from webapp.orders.locks import lock_order
from webapp.orders.service import OrderService
from webapp.orders.service.refunds.reversal import reverse_refund
from webapp.orders.service.refunds.settling import apply_state
from webapp.orders.service.standing import restate
from webapp.payments.models import Refund


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


@pytest.fixture
def statements(session: Session) -> Iterator[list[str]]:
    """What is sent to the database while the test runs."""
    sent: list[str] = []

    def note(*given: Any) -> None:
        sent.append(given[2])

    hooks.listen(db.engine, "before_cursor_execute", note)
    yield sent
    hooks.remove(db.engine, "before_cursor_execute", note)


def test_pull_when_nobody_listens_then_nothing_is_written_and_one_question_is_asked(
    session: Session, statements: list[str]
) -> None:
    channel = make_channel(session)
    statements.clear()

    write(channel, draft(), draft("1002"))

    assert rows(session, Event) == 0
    assert sum("webhook_subscription" in each for each in statements) == 1
    assert not any("INTO event" in each for each in statements)


def test_pull_when_somebody_listens_then_a_batch_is_one_statement(
    session: Session, statements: list[str]
) -> None:
    channel = make_channel(session)
    subscribe()
    statements.clear()

    write(channel, *[draft(str(number)) for number in range(1001, 1051)])

    assert names() == ["order.created"] * 50
    assert sum("INTO event" in each for each in statements) == 1


def test_pull_when_an_order_changes_then_it_is_updated_and_moved_and_an_unchanged_one_is_no_news(
    session: Session,
) -> None:
    channel = make_channel(session)
    first, second = draft(), draft("1002")
    write(channel, first, second)
    subscribe()

    later = replace(with_status(first, OrderStatus.SHIPPED, "shipped"), remote_modified_at=PLACED)
    write(channel, later, second)

    pk = order_of(session).id
    assert events() == [("order.updated", str(pk)), ("order.status_changed", str(pk))]
    assert facts("order.status_changed") == {
        "order": {"pk": pk, "number": "1001", "channel": channel.id},
        "previous_status": "400",
        "status": "500",
    }


def test_pull_when_only_the_customer_changes_then_their_order_is_updated_and_nobody_is_named(
    session: Session,
) -> None:
    channel = make_channel(session)
    write(channel, draft())
    subscribe()

    write(channel, draft(customer=customer(first_name="Planted", email="planted@example.com")))

    assert names() == ["order.updated"]
    assert "lanted" not in json.dumps(facts("order.updated"))


def test_pull_when_the_channel_has_ended_and_paid_back_then_plan_and_refund_are_told(
    session: Session,
) -> None:
    channel = make_channel(session)
    subscribe()
    refund = ExternalRefundDraft("77", Decimal("100.00"), at=PLACED, reason="planted words")

    write(channel, draft(items=(line(status=OrderStatus.CANCELLED),), refunds=(refund,)))

    assert names() == [
        "order.created", "cancellation_plan.created", "cancellation_plan.completed", "refund.settled",
    ]  # fmt: skip
    told = facts("refund.settled")["refund"]
    assert isinstance(told, dict)
    assert (told["amount"], told["currency"], told["origin"]) == ("100.00", "try", "channel")
    assert "planted" not in json.dumps(told)


def test_order_when_entered_by_hand_then_it_is_created(session: Session) -> None:
    channel = make_channel(session)
    subscribe()

    with unit_of_work() as unit:
        fields = {name: getattr(draft(), name) for name in ("remote_id", "customer", "shipping_address", "billing_address",
                  "currency", "amount", "items", "transactions", "date_placed", "status")}  # fmt: skip
        OrderService(unit).create_order("1001", channel, audit_context=SYSTEM, **fields)

    assert names() == ["order.created"]


def test_order_when_edited_then_it_is_updated(counter: Counter) -> None:
    order_id = counter.order()
    subscribe()

    with unit_of_work() as session:
        OrderService(session).update_order(lock_order(session, order_id), counter.agent, notes="Ring twice.")

    assert events() == [("order.updated", str(order_id))]


def test_plan_when_opened_approved_and_paid_then_each_step_is_told_once(counter: Counter) -> None:
    order_id = counter.order()
    subscribe()
    counter.cancel(order_id)
    plan_id = plans_of(order_id)[0].id
    counter.approve(order_id)
    settle(order_id, RefundState.SENDING)
    settle(order_id, RefundState.SUCCEEDED)

    assert [name for name in names() if not name.startswith("order.updated")] == [
        "order.status_changed",
        "cancellation_plan.created",
        "cancellation_plan.approved",
        "order.status_changed",
        "cancellation_plan.completed",
        "refund.settled",
    ]
    told = facts("cancellation_plan.completed")["cancellation_plan"]
    assert told == {
        "pk": plan_id, "kind": "cancel", "status": "completed", "refund_amount": "100.00", "currency": "try",
        "origin": "staff",
    }  # fmt: skip


def test_plan_when_rejected_then_that_is_told(counter: Counter) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    subscribe(events=[EventName.PLAN_REJECTED])

    counter.reject(order_id)

    assert events() == [("cancellation_plan.rejected", str(plans_of(order_id)[0].id))]


def test_refund_when_declined_or_taken_back_then_it_has_failed(counter: Counter) -> None:
    order_id = counter.order()
    counter.cancel(order_id)
    counter.approve(order_id)
    subscribe(events=[EventName.REFUND_SETTLED, EventName.REFUND_FAILED])
    settle(order_id, RefundState.SENDING)
    settle(order_id, RefundState.SUCCEEDED)
    with unit_of_work() as session:
        order = lock_order(session, order_id)
        refund = session.get_one(Refund, refunds_of_unit(session, order_id))
        reverse_refund(session, order, refund, words="planted words", context=SYSTEM)

    assert names() == ["refund.settled", "refund.failed"]
    assert "planted" not in json.dumps(facts("refund.failed"))


def test_event_when_three_services_touch_one_order_then_it_is_one_with_the_first_and_the_last(
    counter: Counter,
) -> None:
    order_id = counter.order()
    subscribe()
    with unit_of_work() as session:
        order = lock_order(session, order_id)
        for status in (OrderStatus.PREPARING, OrderStatus.SHIPPED):
            session.execute(text("UPDATE order_item SET status = :status"), {"status": int(status)})
            session.expire_all()
            restate(session, order)

    assert names() == ["order.updated", "order.status_changed"]
    told = facts("order.status_changed")
    assert (told["previous_status"], told["status"]) == ("400", "500")


def test_event_when_its_transaction_is_rolled_back_then_it_never_was(counter: Counter) -> None:
    order_id = counter.order()
    subscribe()
    with pytest.raises(ZeroDivisionError), unit_of_work() as session:
        restate(session, lock_order(session, order_id))
        raise ZeroDivisionError

    assert events() == []
    assert rows_of_operations() == 0


def test_event_when_only_a_savepoint_is_rolled_back_then_the_rest_of_the_news_stay(session: Session) -> None:
    subscribe()
    with unit_of_work() as unit:
        announce(unit, [news("1")])
        with pytest.raises(ZeroDivisionError), unit.begin_nested():
            announce(unit, [news("2")])
            raise ZeroDivisionError

    assert events() == [("order.updated", "1")]


@pytest.mark.parametrize(
    ("wanted", "channels", "heard"),
    [
        pytest.param((EventName.ORDER_UPDATED,), (), True, id="every channel"),
        pytest.param((EventName.ORDER_UPDATED,), (7,), True, id="this channel"),
        pytest.param((EventName.ORDER_UPDATED,), (8,), False, id="another channel"),
        pytest.param((EventName.ORDER_CREATED,), (), False, id="another event"),
    ],
)
def test_event_when_a_subscription_wants_or_does_not_then_it_is_written_or_not(
    session: Session, wanted: tuple[EventName, ...], channels: tuple[int, ...], heard: bool
) -> None:
    for number in channels:
        make_channel(session, id=number, name=f"Shop {number}")
    subscribe(events=wanted, channels=channels)

    with unit_of_work() as unit:
        announce(unit, [news("1", channel=7)])
    work()

    assert bool(events()) == heard
    assert len(deliveries()) == heard


def test_event_when_two_subscriptions_want_it_then_each_has_one_delivery(session: Session) -> None:
    first, second = subscribe()[0], subscribe()[0]
    subscribe(events=[EventName.REFUND_FAILED])
    with unit_of_work() as unit:
        announce(unit, [news("1")])

    work()

    assert sorted(each.subscription_id for each in deliveries()) == [first, second]


def test_spreading_when_it_runs_again_then_no_event_has_a_second_delivery(session: Session) -> None:
    subscribe()
    with unit_of_work() as unit:
        announce(unit, [news("1")])
    work()
    with unit_of_work() as unit:
        unit.execute(text("UPDATE event SET is_spread = false"))
        announce(unit, [news("2")])

    work()

    assert rows(db.session(), WebhookDelivery) == 2


def news(subject: str, channel: int = 1) -> News:
    return News(EventName.ORDER_UPDATED, channel, 1, subject, {"order": {"pk": int(subject)}})


def settle(order_id: int, state: RefundState) -> None:
    """What the machine does at the end."""
    with unit_of_work() as session:
        order = lock_order(session, order_id)
        refund = session.get_one(Refund, refunds_of_unit(session, order_id))
        if state is RefundState.SENDING:
            refund.state = state.value
        else:
            apply_state(session, order, refund, state, words="", context=AuditContext(origin=Origin.JOB))


def refunds_of_unit(session: Session, order_id: int) -> object:
    return session.query(Refund.id).filter(Refund.order_id == order_id).scalar()


def rows_of_operations() -> int:
    return rows(db.session(), Operation)
