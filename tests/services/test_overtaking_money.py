"""Somebody comes between where stock is counted and money goes back (see test_overtaking.py)."""

from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from tests.cancel_desk import items_of_order
from tests.cancelling import Counter, plans_of, refunds_of
from tests.order_drafts import draft, make_channel, write
from tests.racing import nothing_locks, overtake
from webapp.catalog.models import Product, ProductStock, StockList
from webapp.core.db import db, unit_of_work
from webapp.core.operations import OperationRun, Queue, claim
from webapp.orders.enums import RefundState
from webapp.orders.models import OrderItem
from webapp.orders.service import OrderItemService
from webapp.orders.service.refunds.claims import Claim, NotNow, claim_refund
from webapp.orders.service.stock import add_reservations
from webapp.payments.gateway import Capabilities
from webapp.payments.models import Refund

# A gateway that remembers no key: nothing but us keeps two of one payment apart.
FORGETFUL = Capabilities(honours_keys=False)


def _reserve_and_count(app: Flask, session: Session) -> tuple[Decimal, Decimal]:
    """Somebody adds four units to a line and, before that is committed, somebody counts anew; (kept, true)."""
    session.add(StockList(id=5, code="main", name="Main"))
    session.add(Product(id=7, sku="SKU-1", name="Jeans"))
    session.flush()
    write(make_channel(session, stock_list_id=5), draft(), draft("1002"))
    ids = db.session.scalars(select(OrderItem.id).order_by(OrderItem.id)).all()
    db.session.rollback()

    def reserve() -> None:
        with unit_of_work() as unit:
            unit.execute(update(OrderItem).where(OrderItem.id == ids[0]).values(quantity=5))
            add_reservations(unit, {(7, 5): Decimal(4)})

    def count_anew() -> None:
        with unit_of_work() as unit:
            OrderItemService(unit).update_order_item_send_stock(unit.get_one(OrderItem, ids[1]))

    assert overtake(app, reserve, count_anew, "INSERT INTO product_stock") == [None, None]
    kept, true = select(ProductStock.reserved), select(func.sum(OrderItem.quantity))
    return db.session.scalars(kept).one(), db.session.scalars(true).one()


def test_stock_when_counted_while_somebody_reserves_then_theirs_is_in_it(
    app: Flask, session: Session
) -> None:
    assert _reserve_and_count(app, session) == (Decimal(6), Decimal(6))


def test_control_when_nothing_locks_then_what_was_reserved_meanwhile_is_lost(
    app: Flask, session: Session
) -> None:
    with nothing_locks():
        assert _reserve_and_count(app, session) == (Decimal(2), Decimal(6))


@pytest.fixture
def runs(session: Session) -> list[OperationRun]:
    """The work on two refunds of one payment, each leased by a worker."""
    counter = Counter.open(session)
    order_id = counter.order("60.00", "40.00")
    for item in [each.id for each in items_of_order(order_id)]:
        counter.cancel(order_id, item)
        counter.approve(order_id, plan_id=plans_of(order_id)[-1].id)
    assert len({refund.transaction_id for refund in refunds_of(order_id)}) == 1
    with unit_of_work() as unit:
        unit.execute(text("UPDATE operation SET next_run_at = now() WHERE state = 'ready'"))
        taken = [claim(unit, Queue.MONEY, lease_s=600, kinds=["refund.run"]) for _ in range(2)]
    return [run for run in taken if run is not None]


def _claim_both(app: Flask, runs: list[OperationRun]) -> tuple[list[Any], list[str]]:
    """Both workers take their refund, one amid the other; what each was told, and the refunds' states."""
    first, second = runs

    def take(run: OperationRun) -> Claim | NotNow:
        with unit_of_work() as unit:
            return claim_refund(unit, run, FORGETFUL)

    outcomes = overtake(app, lambda: take(first), lambda: take(second), "refund.state IN")
    db.session.rollback()
    return [type(each) for each in outcomes], list(db.session.scalars(select(Refund.state)))


def test_two_refunds_of_a_payment_when_taken_at_once_then_one_waits_for_its_turn(
    app: Flask, runs: list[OperationRun]
) -> None:
    outcomes, states = _claim_both(app, runs)
    assert outcomes == [Claim, NotNow]
    assert sorted(states) == [RefundState.READY, RefundState.SENDING]


def test_control_when_nothing_locks_then_two_refunds_of_a_payment_are_sent_beside_each_other(
    app: Flask, runs: list[OperationRun]
) -> None:
    with nothing_locks():
        outcomes, states = _claim_both(app, runs)
    assert outcomes == [Claim, Claim]
    assert states == [RefundState.SENDING] * 2
