"""Money that the shop holds: the shop pays it back, once, whatever becomes of its answer."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import requests
from flask import current_app
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, items_of_order, make_desk, order_now
from tests.channels.shops import Connected
from tests.payments.paying_back import approve, breaks, open_plan, refunds_now
from tests.sandbox.running import BankServer, ShopServer, eventually
from webapp.channels.base import RefundedLine, WantedRefund
from webapp.channels.integrations.woocommerce.refunding import refund_body
from webapp.core.db import db, unit_of_work
from webapp.orders.models import Attention, CancellationPlan, Order
from webapp.payments.gateway import Gateway, Outcome, Standing

REFUNDS = "/wp-json/wc/v3/orders/*/refunds"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, bank: BankServer) -> Iterator[ShopServer]:
    """A shop whose payments lie at the bank."""
    folder = tmp_path_factory.mktemp("shop")
    shop = ShopServer("sandbox.shop", folder / "shop.db", "--orders", "0", "--bank", bank.url)
    yield shop
    shop.stop()


@pytest.fixture
def connected(shop: ShopServer, session: Session) -> Iterator[Connected]:
    yield Connected.to(shop)
    session.close()
    shop.control("DELETE", "faults")
    shop.control("DELETE", "requests")


@pytest.fixture
def desk(session: Session, connected: Connected) -> Desk:
    return make_desk(session)


def bought(connected: Connected, bank: BankServer, **wish: Any) -> tuple[int, dict[str, Any]]:
    """An order that was placed and paid at the shop and fetched from it: our id, and the shop's order."""
    order = connected.shop.place(
        **{
            "payment_method": "stripe",
            "status": "processing",
            "country": "TR",
            "items": 3,
            "coupon": "",
            **wish,
        }
    )
    if order["payment_method"] == "stripe":
        eventually(lambda: is_known(bank, order["transaction_id"]))
    connected.backfill(order_numbers_to_fetch=(order["number"],))
    db.session.rollback()
    order_id = db.session.scalars(select(Order.id).where(Order.remote_id == str(order["id"]))).one()
    return order_id, order


def is_known(bank: BankServer, payment: str) -> bool:
    """The shop tells the bank of its payments every second."""
    return requests.get(f"{bank.url}/_control/payments/{payment}", timeout=10).ok


def shop_refunds(connected: Connected, order: dict[str, Any]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = connected.shop.api("GET", f"/orders/{order['id']}/refunds").json()
    return listed


def bank_moved(bank: BankServer, order: dict[str, Any]) -> list[int]:
    return [r["amount"] for r in bank.control("GET", f"refunds?payment={order['transaction_id']}")]


def plan_status() -> str:
    db.session.rollback()
    return str(db.session.scalars(select(CancellationPlan.status)).one())


def test_the_shop_pays_a_part_back_and_the_pull_knows_it_as_ours(
    desk: Desk, connected: Connected, bank: BankServer
) -> None:
    order_id, order = bought(connected, bank)
    item = items_of_order(order_id)[0]
    item_id, remote_line = item.id, item.remote_line_id
    open_plan(desk, order_id, item_id)
    approve(desk, order_id)
    desk.work()

    refund = refunds_now()[0]
    assert (refund.way, refund.state) == ("channel", "succeeded")
    (there,) = shop_refunds(connected, order)
    assert (Decimal(there["amount"]), there["refunded_payment"]) == (refund.amount, True)
    assert refund.idem_key in there["reason"]
    assert refund.gateway_ref == str(there["id"])
    assert bank_moved(bank, order) == [int(refund.amount * 100)]
    (line,) = there["line_items"]
    assert line["meta_data"][0]["value"] == remote_line
    whole = next(each for each in order["line_items"] if str(each["id"]) == remote_line)
    assert (Decimal(line["total"]), Decimal(line["total_tax"])) == (
        -Decimal(whole["total"]),
        -Decimal(whole["total_tax"]),
    )

    connected.refresh(order_id)
    assert [each.id for each in refunds_now()] == [refund.id], "not stored once more as the shop's own"
    now = order_now(order_id)
    assert (now.refund_amount, now.money_mismatch, now.cancel_status) == (refund.amount, False, "completed")
    assert db.session.scalars(select(Attention)).all() == []
    assert breaks() == []


def test_the_shop_pays_all_back_and_calls_the_order_refunded(
    desk: Desk, connected: Connected, bank: BankServer
) -> None:
    order_id, order = bought(connected, bank)
    open_plan(desk, order_id)
    approve(desk, order_id)
    desk.work()
    assert connected.shop.api("GET", f"/orders/{order['id']}").json()["status"] == "refunded"
    connected.refresh(order_id)
    now = order_now(order_id)
    assert (now.status, now.refund_amount, now.cancel_status) == (100, now.amount, "completed")
    assert db.session.scalars(select(Attention)).all() == []
    assert breaks() == []


@pytest.mark.parametrize("kind", ["reset_after", "500_after", "truncated", "cut_off", "html_500"])
def test_an_answer_that_is_lost_is_looked_up_and_never_guessed(
    desk: Desk, connected: Connected, bank: BankServer, kind: str
) -> None:
    order_id, order = bought(connected, bank)
    open_plan(desk, order_id, items_of_order(order_id)[0].id)
    approve(desk, order_id)
    connected.shop.fault(kind=kind, path=REFUNDS, method="POST", count=1)
    desk.work()
    assert refunds_now()[0].state == "unknown"
    # The pull sees it before we do.
    connected.refresh(order_id)
    assert len(refunds_now()) == 1
    if kind == "html_500":
        desk.work()
        assert (refunds_now()[0].state, shop_refunds(connected, order)) == ("unknown", [])
        as_if_sent_long_ago()
    desk.work()
    assert refunds_now()[0].state == "succeeded"
    assert len(shop_refunds(connected, order)) == len(bank_moved(bank, order)) == 1
    connected.refresh(order_id)
    assert breaks() == []


def as_if_sent_long_ago() -> None:
    """As if the longest time had passed that a shop may still be at it."""
    with unit_of_work() as session:
        session.execute(text("UPDATE refund SET last_sent_at = last_sent_at - interval '301 seconds'"))


def test_a_refund_that_somebody_else_made_meanwhile_is_not_made_again(
    desk: Desk, connected: Connected, bank: BankServer
) -> None:
    order_id, order = bought(connected, bank)
    open_plan(desk, order_id)
    approve(desk, order_id)
    whole = {"amount": order["total"], "reason": "At the counter", "api_refund": True}
    connected.shop.api("POST", f"/orders/{order['id']}/refunds", whole)
    desk.work()
    refund = refunds_now()[0]
    assert (refund.state, plan_status()) == ("declined", "manuel_refund_need")
    assert len(bank_moved(bank, order)) == 1
    connected.refresh(order_id)
    assert [(r.state, r.remote_id is None) for r in refunds_now()] == [
        ("declined", True),
        ("succeeded", False),
    ]
    assert breaks() == []


def test_a_shop_that_cannot_pay_back_by_itself_says_a_definite_no(
    desk: Desk, connected: Connected, bank: BankServer
) -> None:
    order_id, order = bought(connected, bank, payment_method="bacs")
    open_plan(desk, order_id)
    approve(desk, order_id)
    desk.work()
    refund = refunds_now()[0]
    assert (refund.way, refund.state, shop_refunds(connected, order)) == ("channel", "declined", [])
    assert "does not support automatic refunds" in (refund.last_error or "")
    assert plan_status() == "manuel_refund_need"


def test_a_shop_that_cannot_be_asked_is_sent_nothing(
    desk: Desk, connected: Connected, bank: BankServer
) -> None:
    order_id, order = bought(connected, bank)
    open_plan(desk, order_id)
    approve(desk, order_id)
    connected.shop.fault(kind="503", path=REFUNDS, method="GET")
    desk.work()
    assert (refunds_now()[0].state, refunds_now()[0].first_sent_at) == ("unknown", None)
    posts = [r for r in connected.requests() if r["method"] == "POST" and r["path"].endswith("/refunds")]
    assert posts == []
    connected.shop.control("DELETE", "faults")
    connected.waits_are_over()
    desk.work()
    assert refunds_now()[0].state == "succeeded"
    assert len(bank_moved(bank, order)) == 1


def test_a_refund_of_ours_that_we_count_as_failed_is_shown_to_a_person(
    desk: Desk, connected: Connected, bank: BankServer
) -> None:
    order_id, order = bought(connected, bank)
    open_plan(desk, order_id)
    approve(desk, order_id)
    key = refunds_now()[0].idem_key
    with unit_of_work() as session:
        session.execute(text("UPDATE refund SET state = 'declined'"))
    late = {"amount": "1.00", "reason": f"Order, plan ({key})", "api_refund": True}
    connected.shop.api("POST", f"/orders/{order['id']}/refunds", late)
    connected.refresh(order_id)
    assert len(refunds_now()) == 1
    attention = db.session.scalars(select(Attention)).one()
    assert attention.kind == "refund_needs_person"
    assert "count as failed" in attention.words


def test_an_order_that_the_channel_does_not_know_is_for_a_person(
    desk: Desk, connected: Connected, bank: BankServer
) -> None:
    order_id, _ = bought(connected, bank)
    open_plan(desk, order_id)
    approve(desk, order_id)
    with unit_of_work() as session:
        session.execute(text("UPDATE orders SET remote_id = NULL WHERE id = :id"), {"id": order_id})
    desk.work()
    assert (refunds_now()[0].state, plan_status()) == ("manual", "manuel_refund_need")


def test_the_gateway_of_a_channel_tells_payment_and_refunds(
    desk: Desk, connected: Connected, bank: BankServer
) -> None:
    order_id, order = bought(connected, bank)
    open_plan(desk, order_id, items_of_order(order_id)[0].id)
    approve(desk, order_id)
    desk.work()
    gateway: Gateway = current_app.extensions["kontor_gateways"](f"channel:{connected.channel_id}")
    assert not gateway.capabilities.honours_keys
    history = gateway.history(str(order["id"]))
    refund = refunds_now()[0]
    assert (history.standing, history.captured_amount) == (Standing.CAPTURED, Decimal(order["total"]))
    assert [(r.reference, r.amount, r.outcome) for r in history.refunds] == [
        (str(refund.id), refund.amount, Outcome.SUCCEEDED)
    ]
    since = gateway.refunds_since(refund.created_at)
    assert [(r.reference, r.amount) for r in since if r.payment_ref == str(order["id"])] == [
        (str(refund.id), refund.amount)
    ]


ORDER = {
    "line_items": [
        {"id": 7, "total": "100.00", "taxes": [{"id": 1, "total": "18.000000"}, {"id": 2, "total": "2.00"}]}
    ],
    "fee_lines": [{"id": 9, "total": "10.00", "taxes": []}],
}
WANTED = WantedRefund("1", "rf_k", Decimal("70.00"), "TRY", "Order 1, plan 2")


def test_lines_are_divided_into_net_and_taxes_as_the_whole_line_is() -> None:
    lines = (
        RefundedLine("7", Decimal(1), Decimal("60.00")),
        RefundedLine("fee:9", Decimal("0.5"), Decimal("5.00")),
        RefundedLine("404", Decimal(1), Decimal("1.00")),
    )
    body = refund_body(replace(WANTED, lines=lines), ORDER, pays_back=True)
    assert body["line_items"] == [
        {
            "id": 7,
            "quantity": 1,
            "refund_total": "50.00",
            "refund_tax": [{"id": 1, "refund_total": "9.00"}, {"id": 2, "refund_total": "1.00"}],
        },
        {"id": 9, "refund_total": "5.00", "refund_tax": []},
    ]
    assert (body["amount"], body["api_refund"], body["reason"]) == ("70.00", True, "Order 1, plan 2 (rf_k)")


def test_lines_that_come_to_more_than_goes_back_are_left_out() -> None:
    lines = (RefundedLine("7", Decimal(1), Decimal("70.01")),)
    body = refund_body(replace(WANTED, lines=lines), ORDER, pays_back=False)
    assert "line_items" not in body
    assert body["api_refund"] is False
