"""From the approval at the desk to the cancelled order at the shop, and back by the next pull without a word too many."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.cancelling import Counter
from tests.channels.shops import Connected
from tests.channels.telling import Told
from webapp.core.db import db
from webapp.core.hints import drain
from webapp.orders.models import Attention, IntegrationAction, Order, OrderItem


@pytest.fixture
def counter(connected: Connected, session: Session) -> Counter:
    return Counter.open(session)


def test_whole_order_when_its_cancel_is_approved_then_it_is_cancelled_at_the_shop(
    counter: Counter, connected: Connected
) -> None:
    told = Told.bought(connected, payment_method="cod")
    counter.cancel(told.order_id)
    assert told.at_shop()["status"] == "processing"
    counter.approve(told.order_id)
    drain("channels")

    assert told.at_shop()["status"] == "cancelled"
    assert words() == [("cancel", "sent")]
    connected.refresh(told.order_id)
    db.session.rollback()
    assert db.session.get_one(Order, told.order_id).status == 100
    assert db.session.scalars(select(Attention)).all() == []


def test_order_when_its_rest_is_cancelled_then_the_shop_hears_of_the_part_by_a_note_and_of_the_end_by_status(
    counter: Counter, connected: Connected
) -> None:
    told = Told.bought(connected, payment_method="cod")
    first = told.items()[0]
    counter.cancel(told.order_id, first)
    counter.approve(told.order_id)
    drain("channels")
    assert (told.at_shop()["status"], words()) == ("processing", [("cancel", "unsupported")])
    assert len(told.notes()) == 1

    counter.cancel(told.order_id)
    counter.approve(told.order_id)
    drain("channels")
    assert told.at_shop()["status"] == "cancelled"
    assert words() == [("cancel", "unsupported"), ("cancel", "sent")]
    statuses = select(OrderItem.status).where(OrderItem.order_id == told.order_id)
    assert set(db.session.scalars(statuses)) == {100}


def words() -> list[tuple[str, str]]:
    db.session.rollback()
    query = select(IntegrationAction.kind, IntegrationAction.state).order_by(IntegrationAction.id)
    return [(kind, state) for kind, state in db.session.execute(query)]
