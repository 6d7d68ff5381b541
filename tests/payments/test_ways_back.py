"""Each way the money came in, and how it goes back: from the approved plan to the bank's own list."""

import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, items_of_order, make_desk, order_now
from tests.payments.paying_back import (
    add_iyzico,
    approve,
    breaks,
    open_plan,
    paid_at_iyzico,
    refunds_now,
    reserved_at_stripe,
    write_order,
)
from tests.sandbox.running import BankServer
from webapp.core.audit import SYSTEM
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict
from webapp.core.operations import Operation
from webapp.orders.enums import TenderKind
from webapp.orders.models import Attention, CancellationPlan, Order
from webapp.orders.service import OrderService
from webapp.payments.by_item import ItemLeft, parts_by_item
from webapp.payments.history import get_payment_history, get_transaction_amount, latest_history

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    desk = make_desk(session, bank)
    add_iyzico(bank)
    return desk


def plan_status(order_id: int) -> str:
    db.session.rollback()
    query = select(CancellationPlan.status).where(CancellationPlan.order_id == order_id)
    return str(db.session.scalars(query.order_by(CancellationPlan.id.desc())).first())


def test_iyzico_pays_the_cancelled_line_s_own_item_back(desk: Desk, bank: BankServer) -> None:
    order_id, paid = paid_at_iyzico(desk, bank, "75.00", "25.00")
    second = items_of_order(order_id)[1].id
    open_plan(desk, order_id, second)
    desk.work()
    approve(desk, order_id)
    desk.work()

    assert [(r.gateway_item, r.amount, r.state) for r in refunds_now()] == [
        (paid["items"][1]["id"], Decimal("25.00"), "succeeded")
    ]
    assert [(r["item_id"], r["amount"]) for r in bank.refunds(paid)] == [(paid["items"][1]["id"], 2500)]
    assert (plan_status(order_id), breaks()) == ("completed", [])


def test_iyzico_gets_one_refund_per_item_of_another_day(desk: Desk, bank: BankServer) -> None:
    order_id, paid = paid_at_iyzico(desk, bank, "75.00", "25.00", at=YESTERDAY)
    open_plan(desk, order_id)
    desk.work()
    approve(desk, order_id)
    # One at a time over one payment: the second waits for its turn.
    desk.work()
    desk.work()

    assert [(r.gateway_item, r.amount, r.state) for r in refunds_now()] == [
        (paid["items"][0]["id"], Decimal("75.00"), "succeeded"),
        (paid["items"][1]["id"], Decimal("25.00"), "succeeded"),
    ]
    assert sorted(r["amount"] for r in bank.refunds(paid)) == [2500, 7500]
    assert (plan_status(order_id), breaks()) == ("completed", [])


def test_iyzico_cancels_a_whole_payment_of_today_in_one_piece(desk: Desk, bank: BankServer) -> None:
    order_id, paid = paid_at_iyzico(desk, bank, "75.00", "25.00")
    open_plan(desk, order_id)
    desk.work()
    approve(desk, order_id)
    desk.work()
    assert [(r["kind"], r["amount"]) for r in bank.refunds(paid)] == [("cancel", 10_000)]
    assert [(r.gateway_item, r.state) for r in refunds_now()] == [("", "succeeded")]


def test_iyzico_is_given_the_amount_alone_while_the_basket_is_unknown(desk: Desk, bank: BankServer) -> None:
    order_id, paid = paid_at_iyzico(desk, bank, "75.00", "25.00", at=YESTERDAY)
    open_plan(desk, order_id, items_of_order(order_id)[0].id)
    bank.fault(kind="503", path="/payment/detail", method="POST")
    desk.work()
    approve(desk, order_id)
    desk.work()
    assert [(r.gateway_item, r.amount, r.state) for r in refunds_now()] == [
        ("", Decimal("75.00"), "succeeded")
    ]
    assert sum(r["amount"] for r in bank.refunds(paid)) == 7500


@pytest.mark.parametrize("kind", ["hang_after", "reset_after", "500_after", "truncated"])
def test_iyzico_is_asked_before_anything_is_sent_again(desk: Desk, bank: BankServer, kind: str) -> None:
    order_id, paid = paid_at_iyzico(desk, bank, "75.00", "25.00")
    open_plan(desk, order_id, items_of_order(order_id)[0].id)
    desk.work()
    approve(desk, order_id)
    bank.fault(kind=kind, path="/payment/refund", method="POST", count=1, seconds=0.1)
    desk.work()
    desk.work()
    assert [r.state for r in refunds_now()] == ["succeeded"]
    assert [r["amount"] for r in bank.refunds(paid)] == [7500]
    assert breaks() == []


def test_iyzico_is_sent_again_only_after_its_quiet_time(desk: Desk, bank: BankServer) -> None:
    order_id, paid = paid_at_iyzico(desk, bank, "75.00", "25.00")
    open_plan(desk, order_id, items_of_order(order_id)[0].id)
    desk.work()
    approve(desk, order_id)
    bank.fault(kind="reset_before", path="/payment/refund", method="POST", count=1)
    desk.work()
    desk.work()
    assert ([r.state for r in refunds_now()], bank.refunds(paid)) == (["unknown"], [])
    time.sleep(1.1)
    desk.work()
    assert [r.state for r in refunds_now()] == ["succeeded"]
    assert [r["amount"] for r in bank.refunds(paid)] == [7500]


def test_reserved_money_is_let_go_and_booked_nowhere(desk: Desk, bank: BankServer) -> None:
    order_id, paid = reserved_at_stripe(desk, bank, "60.00", "40.00")
    open_plan(desk, order_id)
    approve(desk, order_id)
    desk.work()
    assert bank.control("GET", f"payments/{paid['id']}")["status"] == "canceled"
    assert [(r.way, r.amount, r.state) for r in refunds_now()] == [
        ("release", Decimal("100.00"), "succeeded")
    ]
    order = order_now(order_id)
    assert (order.refund_amount, order.cancel_status, order.status) == (0, "completed", 100)
    assert breaks() == []


def test_a_part_is_left_uncaptured_and_the_last_part_ends_the_reservation(
    desk: Desk, bank: BankServer
) -> None:
    order_id, paid = reserved_at_stripe(desk, bank, "60.00", "40.00")
    first, second = (item.id for item in items_of_order(order_id))
    open_plan(desk, order_id, second)
    approve(desk, order_id)
    desk.work()
    assert [(r.amount, r.state) for r in refunds_now()] == [(Decimal("40.00"), "succeeded")]
    assert bank.control("GET", f"payments/{paid['id']}")["status"] == "requires_capture"

    open_plan(desk, order_id, first)
    approve(desk, order_id)
    desk.work()
    assert [r.amount for r in refunds_now()] == [Decimal("40.00"), Decimal("60.00")]
    assert bank.control("GET", f"payments/{paid['id']}")["status"] == "canceled"
    assert (plan_status(order_id), breaks()) == ("completed", [])


def test_money_that_was_captured_meanwhile_is_shown_to_a_person(desk: Desk, bank: BankServer) -> None:
    order_id, paid = reserved_at_stripe(desk, bank, "60.00", "40.00")
    open_plan(desk, order_id)
    approve(desk, order_id)
    bank.stripe("POST", f"/payment_intents/{paid['id']}/capture")
    desk.work()
    assert [r.state for r in refunds_now()] == ["declined"]
    assert bank.refunds(paid) == []
    attention = db.session.scalars(select(Attention)).one()
    assert attention.kind == "refund_needs_person"
    assert "captured meanwhile" in attention.words


@pytest.mark.parametrize(
    ("kind", "captured", "way", "status"),
    [
        # The courier has collected nothing yet: nothing goes back.
        (TenderKind.PAY_ON_DELIVERY, "0", None, "completed"),
        (TenderKind.PAY_ON_DELIVERY, "100.00", "transfer", "manuel_refund_need"),
        (TenderKind.FUNDS_TRANSFER, "100.00", "transfer", "manuel_refund_need"),
        (TenderKind.LOYALTY, "100.00", "loyalty", "manuel_refund_need"),
        (TenderKind.CASH_REGISTER, "100.00", "store", "manuel_refund_need"),
        # A card whose gateway is not one of ours.
        (TenderKind.CARD, "100.00", "transfer", "manuel_refund_need"),
    ],
)
def test_what_no_gateway_carries_waits_for_a_person(
    desk: Desk, bank: BankServer, kind: TenderKind, captured: str, way: str | None, status: str
) -> None:
    order_id = write_order(desk, ("100.00",), kind=kind, captured_amount=Decimal(captured))
    open_plan(desk, order_id, ibans=("TR330006100519786457841326",), holder_names=("Elif Koç",))
    approve(desk, order_id)
    assert desk.work() == 0
    expected = [] if way is None else [(way, "manual", Decimal("100.00"))]
    assert [(r.way, r.state, r.amount) for r in refunds_now()] == expected
    assert (plan_status(order_id), breaks()) == (status, [])


def test_history_is_asked_for_once_and_told_without_persons(desk: Desk, bank: BankServer) -> None:
    order_id, paid = paid_at_iyzico(desk, bank, "75.00", "25.00")
    bank.control("POST", f"payments/{paid['id']}/refunds", {"amount": 1000})
    context = desk.authority().context
    db.session.rollback()
    with unit_of_work() as unit:
        order = unit.get_one(Order, order_id)
        first, is_new = OrderService(unit).get_payment_history(order, context)
        again, is_second = get_payment_history(unit, order_id, context)
        assert (first.id, is_new, is_second) == (again.id, True, False)
        assert (latest_history(unit, order_id), get_transaction_amount(unit, order_id)) == (None, None)

    desk.work()

    db.session.rollback()
    told = latest_history(db.session(), order_id)
    assert told is not None
    assert [(p.gateway, p.standing, p.captured, p.refunded) for p in told] == [
        ("iyzico", "captured", Decimal("100.00"), Decimal("10.00"))
    ]
    assert [(r.amount, r.is_ours) for r in told[0].refunds] == [(Decimal("10.00"), False)]
    order = db.session.get_one(Order, order_id)
    assert OrderService(db.session()).get_transaction_amount(order) == Decimal("90.00")
    result = db.session.scalars(select(Operation.result).where(Operation.kind == "payment.history")).one()
    assert set(result["payments"][0]) == {
        "transaction_id", "gateway", "standing", "currency", "authorised", "captured", "refunded", "refunds",
    }  # fmt: skip


def test_history_says_why_a_gateway_could_not_be_asked(desk: Desk, bank: BankServer) -> None:
    order_id, _ = paid_at_iyzico(desk, bank, "100.00")
    bank.fault(kind="503", path="*")
    with unit_of_work() as unit:
        get_payment_history(unit, order_id, SYSTEM)
    desk.work()
    db.session.rollback()
    told = latest_history(db.session(), order_id)
    assert told is not None
    assert (told[0].was_told, told[0].words != "") == (False, True)
    assert get_transaction_amount(db.session(), order_id) == 0


def test_history_of_an_order_without_our_gateways_is_refused(desk: Desk) -> None:
    order_id = write_order(desk, ("100.00",), kind=TenderKind.CASH_REGISTER)
    with pytest.raises(Conflict, match="could be asked"), unit_of_work() as unit:
        get_payment_history(unit, order_id, SYSTEM)


def test_parts_take_the_cancelled_lines_items_first_and_never_more_than_is_left() -> None:
    items = [
        ItemLeft("a", "1", Decimal("75.00")),
        ItemLeft("b", "2", Decimal("25.00")),
        ItemLeft("c", "3", Decimal("0.00")),
    ]
    assert parts_by_item(Decimal("25.00"), items, {"2"}) == [("b", Decimal("25.00"))]
    assert parts_by_item(Decimal("30.00"), items, {"2"}) == [("b", Decimal("25.00")), ("a", Decimal("5.00"))]
    assert parts_by_item(Decimal("10.00"), items, set()) == [("a", Decimal("10.00"))]
    assert parts_by_item(Decimal("101.00"), items, {"3"}) == [
        ("a", Decimal("75.00")),
        ("b", Decimal("25.00")),
        ("", Decimal("1.00")),
    ]
