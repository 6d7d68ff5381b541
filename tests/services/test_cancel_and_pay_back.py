"""Cancelling and paying back, from opening to the bank's own list."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, items_of_order, make_desk, order_now, paid_order
from tests.sandbox.running import BankServer
from webapp.auth.roles import Role
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, PermissionDenied
from webapp.orders.enums import OrderStatus
from webapp.orders.models import CancellationPlan, IntegrationAction, Order, OrderItem
from webapp.orders.service.cancellation.deciding import approved_order_cancel, reject_order_cancel
from webapp.orders.service.cancellation.opening import open_plans
from webapp.orders.service.standing import restate
from webapp.payments.models import LedgerEntry, Refund
from webapp.verification import verify


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankServer]:
    server = BankServer("sandbox.bank", tmp_path / "bank.sqlite")
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    return make_desk(session, bank)


def test_a_part_is_cancelled_and_paid_back_when_approved_by_another(desk: Desk, bank: BankServer) -> None:
    order_id = paid_order(desk, bank, "99.99", "33.33", "33.33", "12.50")
    second, fourth = (items_of_order(order_id)[at].id for at in (1, 3))

    opened = _open(desk, order_id, second, fourth)
    assert [item.status for item in items_of_order(order_id)] == [400, 50, 400, 50]
    _approve(desk, order_id)
    assert [item.status for item in items_of_order(order_id)] == [400, 100, 400, 100]
    assert order_now(order_id).cancel_status == "approved"
    desk.work()

    assert _plan(opened).status == "completed"
    order = order_now(order_id)
    assert (order.status, order.cancel_status, order.refund_amount) == (400, "completed", Decimal("45.83"))
    assert order.partially_cancelled
    assert [(r["amount"], r["status"]) for r in _bank_refunds(bank)] == [(4583, "succeeded")]
    assert [entry.amount for entry in db.session.scalars(select(LedgerEntry))] == [Decimal("45.83")]
    assert [action.kind for action in db.session.scalars(select(IntegrationAction))] == ["cancel"]
    assert _breaks() == []


def test_shipped_items_end_as_refunded_only_when_the_money_has_moved(desk: Desk, bank: BankServer) -> None:
    order_id = paid_order(desk, bank, "60.00", "40.00")
    _ship(order_id)
    _open(desk, order_id)
    _approve(desk, order_id)
    assert [item.status for item in items_of_order(order_id)] == [50, 50]

    desk.work()

    assert [item.status for item in items_of_order(order_id)] == [600, 600]
    assert order_now(order_id).status == OrderStatus.REFUNDED
    assert _breaks() == []


def test_reject_puts_every_item_back(desk: Desk, bank: BankServer) -> None:
    order_id = paid_order(desk, bank, "60.00", "40.00")
    _open(desk, order_id)
    supervisor = desk.authority()
    with unit_of_work() as unit:
        reject_order_cancel(unit, order_id, supervisor, words="The customer keeps it.")
    assert [item.status for item in items_of_order(order_id)] == [400, 400]
    assert order_now(order_id).cancel_status == "rejected"
    assert (desk.work(), _bank_refunds(bank), _breaks()) == (0, [], [])


def test_a_second_approval_is_told_who_was_first(desk: Desk, bank: BankServer) -> None:
    order_id = paid_order(desk, bank)
    _open(desk, order_id)
    _approve(desk, order_id)
    with pytest.raises(Conflict, match="Selin Koç has approved this plan"):
        _approve(desk, order_id)


def test_above_the_limit_the_opener_cannot_approve(session: Session, bank: BankServer) -> None:
    desk = make_desk(session, bank, limit="99.99")
    order_id = paid_order(desk, bank)
    opener = desk.authority(Role.SUPERVISOR)
    with unit_of_work() as unit:
        open_plans(unit, order_id, desk.request(), opener)
    with pytest.raises(PermissionDenied, match="a second person must approve"), unit_of_work() as unit:
        approved_order_cancel(unit, order_id, opener)
    _approve(desk, order_id)
    assert order_now(order_id).status == OrderStatus.CANCELLED


def test_an_approved_return_can_be_rejected_until_it_is_sent(desk: Desk, bank: BankServer) -> None:
    order_id = paid_order(desk, bank)
    _ship(order_id)
    _open(desk, order_id)
    _approve(desk, order_id)
    supervisor = desk.authority()
    with unit_of_work() as unit:
        reject_order_cancel(unit, order_id, supervisor)
    desk.work()
    assert [item.status for item in items_of_order(order_id)] == [500]
    assert [refund.state for refund in db.session.scalars(select(Refund))] == ["withdrawn"]
    assert _bank_refunds(bank) == []


@pytest.mark.parametrize("kind", ["reset_after", "cut_off", "500_after"])
def test_an_answer_that_is_lost_after_the_effect_pays_once(desk: Desk, bank: BankServer, kind: str) -> None:
    order_id = paid_order(desk, bank)
    bank.fault(path="/v1/refunds", kind=kind, method="POST", count=1)
    _open(desk, order_id)
    _approve(desk, order_id)
    desk.work()
    assert db.session.scalars(select(Refund.state)).one() == "unknown"
    desk.work()
    assert db.session.scalars(select(Refund.state)).one() == "succeeded"
    assert [r["amount"] for r in _bank_refunds(bank)] == [10_000]
    assert _breaks() == []


def _open(desk: Desk, order_id: int, *items: int) -> int:
    agent = desk.authority(Role.AGENT)
    with unit_of_work() as unit:
        opened = open_plans(unit, order_id, desk.request(*items), agent)
        return opened.plans[0].id


def _approve(desk: Desk, order_id: int) -> None:
    supervisor = desk.authority()
    with unit_of_work() as unit:
        assert approved_order_cancel(unit, order_id, supervisor).is_approved


def _ship(order_id: int) -> None:
    with unit_of_work() as unit:
        unit.execute(update(OrderItem).where(OrderItem.order_id == order_id).values(status=500))
        restate(unit, unit.get_one(Order, order_id))


def _plan(plan_id: int) -> CancellationPlan:
    db.session.rollback()
    return db.session.get_one(CancellationPlan, plan_id)


def _bank_refunds(bank: BankServer) -> list[dict[str, object]]:
    return list(bank.control("GET", "refunds"))


def _breaks() -> list[str]:
    db.session.rollback()
    with db.engine.connect() as connection:
        return [f"{each.check}: {each.words}" for each in verify(connection, stuck_after_s=60)]
