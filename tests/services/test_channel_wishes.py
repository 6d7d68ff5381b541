"""A channel that wishes a cancel puts items to 50 before any plan: approving opens one, rejecting gives them back."""

from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter, plans_of
from tests.order_drafts import draft, findings, line, payment, with_status, write
from webapp.core.audit import AuditContext
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, TransitionNotAllowed
from webapp.orders.cancellation import ReasonChoice
from webapp.orders.enums import OrderStatus, PlanKind
from webapp.orders.models import CancellationRequest
from webapp.orders.service.cancellation import requests
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.cancellation.opening import OpenedPlans


@pytest.fixture
def counter(session: Session) -> Counter:
    return Counter.open(session)


@pytest.fixture
def order_id(counter: Counter) -> int:
    """An order that we were paid for, and that its channel has cancelled since."""
    paid = replace(payment("100.00"), holder="us", gateway="stripe", gateway_ref="pi_1")
    given = draft(
        "1001",
        items=(line("1", "60.00"), line("2", "40.00")),
        channel_id=counter.desk.channel.id,
        transactions=(paid,),
    )
    write(counter.desk.channel, given)
    result = write(counter.desk.channel, with_status(given, OrderStatus.CANCELLED, "cancelled"))[0]
    assert result.order_id is not None
    assert statuses(result.order_id) == [50, 50]
    return result.order_id


def statuses(order_id: int) -> list[int]:
    return [item.status for item in items_of_order(order_id)]


def wishes(order_id: int) -> list[CancellationRequest]:
    db.session.rollback()
    query = select(CancellationRequest).where(CancellationRequest.order_id == order_id)
    return list(db.session.scalars(query.order_by(CancellationRequest.id)))


def approve(counter: Counter, order_id: int, ids: list[int]) -> OpenedPlans | None:
    reason = ReasonChoice(counter.desk.reasons[PlanKind.CANCEL], PlanKind.CANCEL)
    with unit_of_work() as unit:
        by = Authority.of_staff(unit, counter.agent)
        return requests.approve_requests(unit, order_id, ids, by, reasons=[reason])


def reject(by: AuditContext, order_id: int, wish: CancellationRequest) -> None:
    key, version = wish.id, wish.version
    with unit_of_work() as unit:
        requests.reject_request(
            unit, order_id, key, Authority.of_staff(unit, by), words="Packed already.", seen={key: version}
        )


def test_a_channels_wish_when_approved_then_a_plan_over_the_whole_and_its_items_end(
    counter: Counter, order_id: int
) -> None:
    approve(counter, order_id, [wish.id for wish in wishes(order_id)])
    (plan,) = plans_of(order_id)
    assert (plan.kind, str(plan.refund_amount)) == ("cancel", "100.0000")
    assert [item.status_before_cancel for item in items_of_order(order_id)] == [400, 400]
    assert findings() == []
    counter.approve(order_id)
    assert statuses(order_id) == [100, 100]
    assert findings() == []


def test_a_channels_wish_when_its_plan_is_rejected_then_the_items_are_back_where_they_were(
    counter: Counter, order_id: int
) -> None:
    approve(counter, order_id, [wish.id for wish in wishes(order_id)])
    counter.reject(order_id)
    assert statuses(order_id) == [400, 400]
    assert findings() == []


def test_a_channels_wish_when_one_of_two_is_approved_then_the_other_item_keeps_waiting(
    counter: Counter, order_id: int
) -> None:
    first, _ = wishes(order_id)
    approve(counter, order_id, [first.id])
    counter.approve(order_id)
    assert statuses(order_id) == [100, 50]
    assert [wish.status for wish in wishes(order_id)] == ["approved", "waiting_approval"]


def test_a_channels_wish_when_rejected_then_its_item_is_back_and_no_other(
    counter: Counter, order_id: int
) -> None:
    first, second = wishes(order_id)
    reject(counter.agent, order_id, first)
    assert statuses(order_id) == [400, 50]
    assert order_now(order_id).status == 400
    reject(counter.agent, order_id, second)
    assert statuses(order_id) == [400, 400]
    assert findings() == []


def test_the_whole_order_when_cancelled_by_staff_then_wished_items_go_with_it(
    counter: Counter, order_id: int
) -> None:
    counter.cancel(order_id)
    (plan,) = plans_of(order_id)
    assert str(plan.refund_amount) == "100.0000"
    assert findings() == []


def test_a_wish_when_decided_by_a_colleague_meanwhile_then_refused_with_who_and_when(
    counter: Counter, order_id: int
) -> None:
    first, _ = wishes(order_id)
    reject(counter.agent, order_id, first)
    with pytest.raises(TransitionNotAllowed, match=r"Deniz Arslan has rejected this request on \d\d \w+ 20"):
        approve(counter, order_id, [first.id])


def test_a_wish_when_checked_by_a_colleague_meanwhile_then_a_stale_decision_is_refused(
    counter: Counter, order_id: int
) -> None:
    first, _ = wishes(order_id)
    with unit_of_work() as unit:
        requests.confirm_request(unit, order_id, first.id, Authority.of_staff(unit, counter.supervisor))
    with pytest.raises(Conflict, match="Selin Koç has checked this request"), unit_of_work() as unit:
        requests.reject_request(
            unit, order_id, first.id, Authority.of_staff(unit, counter.agent), words="No", seen={first.id: 1}
        )
    assert [wish.status for wish in wishes(order_id)] == ["confirmed", "waiting_approval"]
    assert db.session.scalar(text("SELECT count(*) FROM cancellation_plan")) == 0
