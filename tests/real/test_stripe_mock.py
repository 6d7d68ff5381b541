"""Refunds at stripe-stateful-mock 0.0.16: somebody else's reading of Stripe, with keys that it honours."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, make_desk
from tests.payments.paying_back import approve, breaks, open_plan, refunds_now, write_order
from tests.payments.wires import client
from tests.real.proxy import FaultProxy
from webapp.core.db import db, unit_of_work
from webapp.core.secrets import current_vault
from webapp.payments.gateway import Outcome, RefundOrder, Standing
from webapp.payments.gateways.stripe import StripeGateway
from webapp.payments.models import GatewayAccount, LedgerEntry

KEY = "sk_test_kontor"


def gateway_at(url: str, key: str = KEY) -> StripeGateway:
    return StripeGateway("stripe", http=client(), base_url=f"{url}/v1", secret_key=key)


def charge_at(url: str, amount: int = 10_000, **fields: str) -> str:
    """A card charge of 100.00 TRY; its name."""
    form = {"amount": str(amount), "currency": "try", "source": "tok_visa", **fields}
    answer = requests.post(f"{url}/v1/charges", data=form, auth=(KEY, ""), timeout=10)
    assert answer.ok, answer.text
    return str(answer.json()["id"])


def refunds_at(url: str, charge: str) -> list[dict[str, Any]]:
    """The server's own list."""
    answer = requests.get(f"{url}/v1/refunds", params={"charge": charge}, auth=(KEY, ""), timeout=10)
    listed: list[dict[str, Any]] = answer.json()["data"]
    return listed


def order_for(charge: str, amount: str = "40.00", **fields: Any) -> RefundOrder:
    reference = str(uuid.uuid4())
    return RefundOrder(f"rf_{reference}", reference, charge, Decimal(amount), "TRY", **fields)


def test_a_refund_is_made_once_for_its_key_and_found_by_our_id(stripe_mock: str) -> None:
    stripe, charge = gateway_at(stripe_mock), charge_at(stripe_mock)
    order = order_for(charge)
    first = stripe.refund(order)
    # The server replays with the type text/html; the body is what counts.
    again = stripe.refund(order)
    assert (first.outcome, again.outcome) == (Outcome.SUCCEEDED, Outcome.SUCCEEDED)
    assert first.gateway_ref == again.gateway_ref
    assert [r["amount"] for r in refunds_at(stripe_mock, charge)] == [4000]
    found = stripe.lookup(order).found
    assert [(r.gateway_ref, r.amount, r.outcome) for r in found] == [
        (first.gateway_ref, Decimal("40.00"), Outcome.SUCCEEDED)
    ]


def test_the_same_key_with_another_amount_is_contradictory(stripe_mock: str) -> None:
    stripe, charge = gateway_at(stripe_mock), charge_at(stripe_mock)
    order = order_for(charge)
    stripe.refund(order)
    answer = stripe.refund(replace(order, amount=Decimal("41.00")))
    assert answer.outcome is Outcome.CONTRADICTORY
    assert len(refunds_at(stripe_mock, charge)) == 1


def test_refusals_are_told_apart(stripe_mock: str) -> None:
    stripe, charge = gateway_at(stripe_mock), charge_at(stripe_mock)
    too_much = stripe.refund(order_for(charge, "100.01"))
    assert (too_much.outcome, too_much.http_status) == (Outcome.DECLINED, 400)
    assert stripe.refund(order_for(charge, "100.00")).outcome is Outcome.SUCCEEDED
    already = stripe.refund(order_for(charge, "1.00"))
    assert (already.outcome, already.code) == (Outcome.ALREADY_REFUNDED, "charge_already_refunded")
    missing = stripe.refund(order_for("ch_nothere"))
    assert (missing.outcome, missing.code) == (Outcome.DECLINED, "resource_missing")
    assert gateway_at(stripe_mock, "nonsense").refund(order_for(charge)).outcome is Outcome.MISCONFIGURED


def test_history_and_lists_are_read_to_the_end(stripe_mock: str) -> None:
    stripe, charge = gateway_at(stripe_mock), charge_at(stripe_mock, 1_000_000)
    begin = datetime.now(UTC)
    made = {stripe.refund(order_for(charge, "1.00")).gateway_ref for _ in range(103)}
    history = stripe.history(charge)
    assert (history.standing, history.captured_amount) == (Standing.CAPTURED, Decimal("10000.00"))
    assert history.refunded_amount == Decimal("103.00")
    assert made <= {found.gateway_ref for found in stripe.refunds_since(begin)}


def test_a_charge_that_is_only_reserved_is_let_go_whole_and_never_in_part(stripe_mock: str) -> None:
    stripe, charge = gateway_at(stripe_mock), charge_at(stripe_mock, capture="false")
    assert stripe.history(charge).standing is Standing.RESERVED
    part = stripe.cancel_payment(order_for(charge, "40.00", is_release=True))
    assert (part.outcome, refunds_at(stripe_mock, charge)) == (Outcome.SUCCEEDED, [])
    whole = order_for(charge, "100.00", is_release=True, is_whole_payment=True)
    assert stripe.cancel_payment(whole).outcome is Outcome.SUCCEEDED
    assert stripe.history(charge).standing is Standing.CANCELLED
    assert [found.outcome for found in stripe.lookup(whole).found] == [Outcome.SUCCEEDED]


@pytest.mark.parametrize(
    ("fault", "effects"),
    [
        ("reset_before", 0),
        ("reset_after", 1),
        ("hang_after", 1),
        ("500_before", 0),
        ("500_after", 1),
        ("429", 0),
    ],
)
def test_a_spoilt_answer_means_unknown_and_the_next_try_pays_once(
    proxy: FaultProxy, stripe_mock: str, fault: str, effects: int
) -> None:
    stripe, charge = gateway_at(proxy.url), charge_at(stripe_mock)
    order = order_for(charge)
    proxy.faults.append(fault)
    assert stripe.refund(order).outcome is Outcome.UNKNOWN
    assert len(stripe.lookup(order).found) == effects
    assert stripe.refund(order).outcome is Outcome.SUCCEEDED
    assert [r["amount"] for r in refunds_at(stripe_mock, charge)] == [4000]


@pytest.fixture
def desk(session: Session, proxy: FaultProxy) -> Desk:
    desk = make_desk(session)
    with unit_of_work() as unit:
        account = GatewayAccount(name="stripe", gateway_type="stripe", base_url=f"{proxy.url}/v1")
        account.credentials = current_vault().encrypt_fields({"secret_key": KEY})
        unit.add(account)
    return desk


@pytest.mark.parametrize("fault", ["none", "reset_after", "500_after", "reset_before"])
def test_the_desk_pays_a_cancelled_order_back_once(
    desk: Desk, proxy: FaultProxy, stripe_mock: str, fault: str
) -> None:
    charge = charge_at(stripe_mock)
    order_id = write_order(desk, ("60.00", "40.00"), gateway="stripe", gateway_ref=charge)
    open_plan(desk, order_id)
    approve(desk, order_id)
    if fault != "none":
        proxy.faults.append(fault)
    desk.work()
    desk.work()
    assert [(r.state, r.amount) for r in refunds_now()] == [("succeeded", Decimal("100.00"))]
    assert [r["amount"] for r in refunds_at(stripe_mock, charge)] == [10_000]
    assert [entry.amount for entry in db.session.scalars(select(LedgerEntry))] == [Decimal("100.00")]
    assert breaks() == []
