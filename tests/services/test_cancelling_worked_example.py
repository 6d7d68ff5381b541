"""The worked example of the rules, through the services and the sandbox bank, to the cent."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, items_of_order, make_desk, order_now, paid_order
from tests.cancelling import plans_of
from tests.order_drafts import findings
from tests.sandbox.running import BankServer
from webapp.auth.roles import Role
from webapp.core.db import db, unit_of_work
from webapp.orders.inputs import DiscountDraft
from webapp.orders.models import Order
from webapp.orders.service import OrderService
from webapp.orders.service.cancellation.asking import GivenReason
from webapp.payments.models import LedgerEntry

D = Decimal


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankServer]:
    server = BankServer("sandbox.bank", tmp_path / "bank.sqlite")
    yield server
    server.stop()


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    return make_desk(session, bank)


def example(desk: Desk, bank: BankServer) -> int:
    """99.99, 33.33, 33.33 and 12.50, less a coupon of 25.00, with 8.50 shipping and 12.34 interest: 174.99."""
    coupon = DiscountDraft(remote_id="c1", scope="order", amount=D("25.00"), name="Coupon", code="WELCOME")
    return paid_order(
        desk,
        bank,
        *("99.99", "33.33", "33.33", "12.50"),
        discounts=(coupon,),
        shipping_amount=D("8.50"),
        interest_amount=D("12.34"),
    )


def pay_back(desk: Desk, order_id: int, *positions: int, is_cargo_refund: bool | None = None) -> Decimal:
    """Cancel these of the four items, or all that is left; approve as somebody else; let the machine work."""
    agent, supervisor = desk.authority(Role.AGENT).context, desk.authority(Role.SUPERVISOR).context
    reasons = [GivenReason(reason_id) for reason_id in desk.reasons.values()]
    chosen = {items_of_order(order_id)[at - 1].id: None for at in positions}
    with unit_of_work() as unit:
        OrderService(unit).cancel_order(
            unit.get_one(Order, order_id),
            reasons,
            agent,
            is_all=not chosen,
            cancel_items=chosen,
            is_cargo_refund=is_cargo_refund,
        )
    with unit_of_work() as unit:
        order = unit.get_one(Order, order_id)
        assert OrderService(unit).approved_order_cancel(order, None, supervisor).is_approved
    desk.work()
    return plans_of(order_id)[-1].refund_amount


def test_example_when_imported_then_the_shares_are_those_of_the_rules(desk: Desk, bank: BankServer) -> None:
    order_id = example(desk, bank)
    columns = ("discount_amount", "shipping_amount")
    rows = items_of_order(order_id)
    assert {name: [getattr(row, name) for row in rows] for name in columns} == {
        "discount_amount": [D("13.95"), D("4.65"), D("4.65"), D("1.75")],
        "shipping_amount": [D("4.75"), D("1.58"), D("1.58"), D("0.59")],
    }
    assert [row.installment_interest_amount + row.shipping_interest_amount for row in rows] == [
        D("6.89"),
        D("2.30"),
        D("2.29"),
        D("0.86"),
    ]
    assert order_now(order_id).amount == D("174.99")


@pytest.mark.parametrize(
    ("is_cargo_refund", "first", "left"), [(None, "42.43", "132.56"), (True, "44.76", "130.23")]
)
def test_example_when_two_items_and_then_the_rest_are_paid_back_then_the_order_is_empty_to_the_cent(
    desk: Desk, bank: BankServer, is_cargo_refund: bool | None, first: str, left: str
) -> None:
    order_id = example(desk, bank)

    assert pay_back(desk, order_id, 2, 4, is_cargo_refund=is_cargo_refund) == D(first)
    order = order_now(order_id)
    assert (order.refund_amount, order.amount - order.refund_amount) == (D(first), D(left))

    assert pay_back(desk, order_id, is_cargo_refund=True) == D(left)

    order = order_now(order_id)
    assert (order.status, order.refund_amount) == (100, D("174.99"))
    rows = items_of_order(order_id)
    assert sum(row.refund_amount for row in rows) == D("174.99")
    assert (order.shipping_refund_amount, order.discount_refund_amount) == (D("8.50"), D("25.00"))
    assert [row.shipping_refund_amount for row in rows] == [D("4.75"), D("1.58"), D("1.58"), D("0.59")]
    booked = sorted(entry.amount for entry in db.session.scalars(select(LedgerEntry)))
    assert booked == sorted([D(first), D(left)])
    there = sorted(row["amount"] for row in bank.control("GET", "refunds"))
    assert there == sorted(int(amount * 100) for amount in booked)
    assert findings() == []


def test_example_when_paid_back_item_by_item_in_any_order_then_the_same_cents(
    desk: Desk, bank: BankServer
) -> None:
    order_id = example(desk, bank)
    for position in (3, 1, 4, 2):
        pay_back(desk, order_id, position, is_cargo_refund=True)
    order = order_now(order_id)
    assert (order.refund_amount, order.status) == (D("174.99"), 100)
    assert findings() == []


def test_promotion_larger_than_its_item_then_the_rest_spills_over_and_comes_back_right(
    desk: Desk, bank: BankServer
) -> None:
    promotion = DiscountDraft(
        remote_id="p1", scope="order", amount=D("50.00"), name="Promotion", benefit_lines=("4",)
    )
    order_id = paid_order(desk, bank, "99.99", "33.33", "33.33", "12.50", discounts=(promotion,))
    assert [row.discount_amount for row in items_of_order(order_id)] == [
        D("22.50"),
        D("7.50"),
        D("7.50"),
        D("12.50"),
    ]
    assert pay_back(desk, order_id, 4) == D("0.00")
    assert plans_of(order_id)[0].status == "completed"
    assert pay_back(desk, order_id) == D("129.15")
    assert (order_now(order_id).refund_amount, findings()) == (D("129.15"), [])
