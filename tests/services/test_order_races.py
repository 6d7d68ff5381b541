"""F20: a cancellation, the channel's word and an edit reach one order at one moment; the result is that of some order of them."""

import logging
import random
from collections import Counter as Tally
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import Counter, card, plans_of
from tests.order_drafts import PLACED, draft, findings, line, with_status, write
from tests.racing import ROUNDS, SEED, race
from webapp.core.db import db, unit_of_work
from webapp.orders.enums import AttentionKind, OrderStatus
from webapp.orders.models import Attention, Order
from webapp.orders.service import OrderService

log = logging.getLogger(__name__)


@pytest.fixture
def counter(session: Session) -> Counter:
    log.warning("seed %d", SEED)
    return Counter.open(session)


def test_cancel_ship_and_edit_at_one_moment_then_as_if_one_came_after_the_other(
    app: Flask, counter: Counter
) -> None:
    serial: Tally[str] = Tally()
    for at in range(ROUNDS // 2):
        number = str(4000 + at)
        order_id = counter.order(number=number)
        given = replace(
            draft(number, items=(line(),), channel_id=counter.desk.channel.id),
            transactions=(card("100.00"),),
            remote_modified_at=PLACED + timedelta(hours=1),
        )
        shipped = with_status(given, OrderStatus.SHIPPED, "shipped")

        def cancel(order_id: int = order_id) -> None:
            counter.cancel(order_id)

        def ship(shipped: object = shipped) -> None:
            (result,) = write(counter.desk.channel, shipped)  # type: ignore[arg-type]
            assert result.verdict in ("updated", "unchanged"), result.words

        def edit(order_id: int = order_id) -> None:
            with unit_of_work() as unit:
                order = unit.get_one(Order, order_id)
                OrderService(unit).update_order(order, counter.agent, notes="Ring twice")

        jobs = [cancel, ship, edit]
        random.Random(f"{SEED}/{at}").shuffle(jobs)
        assert race(app, jobs) == [None, None, None], f"seed {SEED}, round {at}"

        (item,), (plan,) = items_of_order(order_id), plans_of(order_id)
        assert (item.status, plan.status, order_now(order_id).notes) == (50, "waiting", "Ring twice")
        # Cancelled first: the channel's word is parked and raised. Shipped first: it is a return.
        raised = _raised(order_id)
        assert (plan.kind, item.status_before_cancel, raised) in [
            ("cancel", 400, [AttentionKind.SHIPPED_WHILE_CANCELLING]),
            ("refund", 500, []),
        ], f"seed {SEED}, round {at}"
        serial[plan.kind] += 1
    log.warning("serial orders seen: %s", dict(serial))
    assert findings() == []


def _raised(order_id: int) -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Attention.kind).where(Attention.order_id == order_id)))
