"""F9: what gateways send by themselves: signed, kept once, and followed by a look at the bank's own books."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.cancel_desk import Desk, items_of_order, make_desk, order_now, paid_order
from tests.client import Client
from tests.sandbox.listener import Listener
from tests.sandbox.running import BankServer, eventually
from webapp.auth.roles import Role
from webapp.core.db import db, unit_of_work
from webapp.core.operations import Operation
from webapp.core.secrets import current_vault
from webapp.orders.models import Attention, CancellationPlan
from webapp.orders.service.cancellation.deciding import approved_order_cancel
from webapp.orders.service.cancellation.opening import open_plans
from webapp.orders.service.refunds.manual import try_again
from webapp.payments.models import GatewayAccount, GatewayEvent, LedgerEntry, Refund
from webapp.payments.notices import read_iyzico
from webapp.verification import verify

SECRET, PREVIOUS = "whsec_new", "whsec_old"
URL = "/payments/stripe/webhooks"


@dataclass
class Post:
    """The desk's address for the bank's messages."""

    client: Client
    desk: Desk
    bank: BankServer

    def send(self, event: dict[str, Any], *, secret: str = SECRET, at: float | None = None) -> int:
        return self.deliver(json.dumps(event).encode(), secret=secret, at=at)

    def deliver(self, body: bytes, *, secret: str = SECRET, at: float | None = None) -> int:
        stamp = int(time.time() if at is None else at)
        signature = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        header = f"t={stamp},v1={'0' * 64},v1={signature}"
        answer = self.client.post(URL, data=body, headers={"Stripe-Signature": header})
        return answer.status_code


@pytest.fixture
def desk(session: Session, bank: BankServer) -> Desk:
    desk = make_desk(session, bank)
    account = session.scalars(select(GatewayAccount)).one()
    account.credentials = current_vault().encrypt_fields(
        {"secret_key": bank.key, "webhook_secret": SECRET, "webhook_secret_previous": PREVIOUS}
    )
    session.commit()
    return desk


@pytest.fixture
def post(client: Client, desk: Desk, bank: BankServer) -> Post:
    return Post(client, desk, bank)


@pytest.fixture
def listening(bank: BankServer) -> Iterator[Listener]:
    """A listener that the bank posts to, as it would to us."""
    listener = Listener()
    endpoint = bank.control("POST", "webhooks", {"url": listener.url, "secret": SECRET})
    yield listener
    bank.control("DELETE", f"webhooks/{endpoint['id']}")
    listener.close()


def event(kind: str, refund: Refund, number: str = "evt_1", **fields: Any) -> dict[str, Any]:
    thing = {"id": refund.gateway_ref or "re_x", "metadata": {"kontor_refund": str(refund.id)}, **fields}
    return {"id": number, "type": kind, "data": {"object": thing}}


def refunded(desk: Desk, bank: BankServer) -> Refund:
    """An order of 100.00 that was paid back."""
    order_id = paid_order(desk, bank)
    agent, supervisor = desk.authority(Role.AGENT), desk.authority()
    with unit_of_work() as unit:
        open_plans(unit, order_id, desk.request(), agent)
    with unit_of_work() as unit:
        assert approved_order_cancel(unit, order_id, supervisor).is_approved
    desk.work()
    return the_refund()


def the_refund() -> Refund:
    """The only refund as the database has it now."""
    db.session.rollback()
    refund = db.session.scalars(select(Refund)).one()
    db.session.expunge(refund)
    return refund


def bank_refund(bank: BankServer, refund: Refund) -> str:
    """The bank's name of our refund."""
    found = [
        r for r in bank.control("GET", "refunds") if r["metadata"].get("kontor_refund") == str(refund.id)
    ]
    assert len(found) == 1
    return str(found[0]["id"])


def breaks() -> list[str]:
    db.session.rollback()
    with db.engine.connect() as connection:
        return [f"{each.check}: {each.words}" for each in verify(connection, stuck_after_s=60)]


def rechecks() -> int:
    db.session.rollback()
    return len(db.session.scalars(select(Operation).where(Operation.kind == "refund.recheck")).all())


def test_a_message_needs_a_live_secret_and_a_fresh_time(post: Post) -> None:
    refund = refunded(post.desk, post.bank)
    now = time.time()
    assert post.send(event("refund.updated", refund, "evt_1")) == 200
    assert post.send(event("refund.updated", refund, "evt_2"), secret=PREVIOUS) == 200
    assert post.send(event("refund.updated", refund, "evt_3"), at=now - 290) == 200
    assert post.send(event("refund.updated", refund, "evt_4"), secret="whsec_other") == 401
    assert post.send(event("refund.updated", refund, "evt_5"), at=now - 320) == 401
    assert post.send(event("refund.updated", refund, "evt_6"), at=now + 320) == 401
    assert post.client.post(URL, data=b"{}").status_code == 401
    assert post.client.post(URL, data=b"{}", headers={"Stripe-Signature": "t=1,t=2,v1=x"}).status_code == 401
    kept = db.session.scalars(select(GatewayEvent.event_id).order_by(GatewayEvent.id)).all()
    assert kept == ["evt_1", "evt_2", "evt_3"]


def test_a_large_message_is_refused_unread(post: Post) -> None:
    assert post.deliver(b"x" * (256 * 1024 + 1)) == 413
    assert db.session.scalars(select(GatewayEvent)).all() == []


def test_what_is_not_ours_is_kept_and_leads_to_nothing(post: Post) -> None:
    stranger = {"id": "evt_9", "type": "refund.failed", "data": {"object": {"id": "re_strange"}}}
    assert post.send(stranger) == 200
    assert post.send({"id": "evt_10", "type": "customer.created", "data": {"object": {}}}) == 200
    assert post.deliver(b"no json") == 200
    assert db.session.scalars(select(GatewayEvent.refund_id)).all() == [None, None, None]
    assert rechecks() == 0
    assert post.client.post("/payments/nobody/webhooks", data=b"{}").status_code == 404


def test_the_same_message_ten_times_at_once_is_one(post: Post, app: Flask) -> None:
    refund = refunded(post.desk, post.bank)
    body = json.dumps(event("refund.updated", refund)).encode()
    barrier, answers = threading.Barrier(10), []

    def send() -> None:
        own = Post(app.test_client(), post.desk, post.bank)  # type: ignore[arg-type]
        barrier.wait()
        answers.append(own.deliver(body))

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 10
    assert (len(db.session.scalars(select(GatewayEvent)).all()), rechecks()) == (1, 1)
    post.desk.work()
    assert the_refund().state == "succeeded"
    assert [entry.kind for entry in db.session.scalars(select(LedgerEntry))] == ["refund"]
    assert breaks() == []


def test_news_of_a_pending_refund_have_it_looked_at_now(post: Post) -> None:
    post.bank.fault(kind="pending_settles", path="/v1/refunds", method="POST", count=1, seconds=3600)
    refund = refunded(post.desk, post.bank)
    assert refund.state == "pending"
    post.bank.control("POST", f"refunds/{bank_refund(post.bank, refund)}/settle", {"status": "succeeded"})

    assert post.send(event("refund.updated", refund)) == 200
    with unit_of_work() as unit:
        waiting = text("SELECT next_run_at > clock_timestamp() FROM operation WHERE kind = 'refund.run'")
        assert unit.scalar(waiting), "it would have been looked at in five minutes"
    run_due()

    assert the_refund().state == "succeeded"
    assert breaks() == []


def test_a_charge_s_message_wakes_what_is_under_way_and_nothing_else(post: Post) -> None:
    refund = refunded(post.desk, post.bank)
    payment = bank_refund(post.bank, refund) and post.bank.control("GET", "refunds")[-1]["payment_id"]
    charge = {
        "id": "evt_c",
        "type": "charge.refunded",
        "data": {"object": {"id": "ch_1", "payment_intent": payment}},
    }
    assert post.send(charge) == 200
    assert rechecks() == 0

    post.bank.fault(kind="pending_settles", path="/v1/refunds", method="POST", count=1, seconds=3600)
    other = second_order(post)
    charge["id"], charge["data"]["object"]["payment_intent"] = "evt_d", other
    assert post.send(charge) == 200
    assert rechecks() == 1


def second_order(post: Post) -> str:
    order_id = paid_order(post.desk, post.bank, "50.00", number="1002")
    agent, supervisor = post.desk.authority(Role.AGENT), post.desk.authority()
    with unit_of_work() as unit:
        open_plans(unit, order_id, post.desk.request(), agent)
    with unit_of_work() as unit:
        approved_order_cancel(unit, order_id, supervisor)
    post.desk.work()
    return str(post.bank.control("GET", "refunds")[-1]["payment_id"])


def test_a_refund_that_fails_after_it_had_succeeded_comes_back(post: Post) -> None:
    refund = refunded(post.desk, post.bank)
    order_id, refund_id = refund.order_id, refund.id
    assert (refund.state, order_now(order_id).cancel_status) == ("succeeded", "completed")
    before = [item.status for item in items_of_order(order_id)]
    post.bank.control("POST", f"refunds/{bank_refund(post.bank, refund)}/settle", {"status": "failed"})

    assert post.send(event("refund.failed", refund)) == 200
    assert the_refund().state == "succeeded", "the message alone changes nothing"
    post.desk.work()

    refund = the_refund()
    assert refund.state == "declined"
    ledger = [(e.kind, e.amount) for e in db.session.scalars(select(LedgerEntry).order_by(LedgerEntry.id))]
    assert ledger == [("refund", Decimal("100.00")), ("reversal", Decimal("100.00"))]
    order = order_now(order_id)
    assert (order.refund_amount, order.cancel_status, order.has_open_plan) == (0, "manuel_refund_need", True)
    assert [item.status for item in items_of_order(order_id)] == before == [100]
    assert [item.refund_amount for item in items_of_order(order_id)] == [0]
    assert db.session.scalars(select(Attention.kind)).all() == ["refund_reversed"]
    assert breaks() == []

    # Once more: the same news change nothing, and another try goes out under the reopened cap.
    assert post.send(event("refund.failed", refund, "evt_2")) == 200
    post.desk.work()
    again = post.desk.authority()
    with unit_of_work() as unit:
        try_again(unit, refund_id, again)
    post.desk.work()
    db.session.rollback()
    assert db.session.scalars(select(CancellationPlan.status)).all() == ["completed"]
    assert order_now(order_id).refund_amount == Decimal("100.00")
    assert [item.refund_amount for item in items_of_order(order_id)] == [Decimal("100.00")]
    assert breaks() == []
    moved = [r for r in post.bank.control("GET", "refunds") if r["payment_id"] == payment_of(order_id)]
    assert [r["status"] for r in moved] == ["failed", "succeeded"]


def payment_of(order_id: int) -> str:
    return str(
        db.session.scalar(
            text("SELECT gateway_ref FROM payment_transaction WHERE order_id = :id"), {"id": order_id}
        )
    )


def test_a_message_that_lies_changes_nothing(post: Post) -> None:
    refund = refunded(post.desk, post.bank)
    assert post.send(event("refund.failed", refund, status="failed")) == 200
    post.desk.work()
    assert the_refund().state == "succeeded"
    assert breaks() == []


def test_a_refund_that_succeeds_after_it_was_declined_is_shown_to_a_person(post: Post) -> None:
    post.bank.fault(kind="pending_fails", path="/v1/refunds", method="POST", count=1, seconds=0.2)
    refund = refunded(post.desk, post.bank)
    eventually(lambda: post.bank.control("GET", "refunds")[-1]["status"] == "failed")
    post.desk.work()
    assert the_refund().state == "declined"
    post.bank.control("POST", f"refunds/{bank_refund(post.bank, refund)}/settle", {"status": "succeeded"})

    assert post.send(event("refund.updated", refund)) == 200
    post.desk.work()

    db.session.rollback()
    attention = db.session.scalars(select(Attention)).one()
    assert attention.kind == "refund_needs_person"
    assert "Do not pay it a second time" in attention.words
    assert the_refund().state == "declined"


def test_a_bank_that_cannot_be_asked_is_asked_again(post: Post) -> None:
    refund = refunded(post.desk, post.bank)
    post.bank.control("POST", f"refunds/{bank_refund(post.bank, refund)}/settle", {"status": "failed"})
    post.bank.fault(kind="503", path="/v1/refunds", method="GET", count=3)
    assert post.send(event("refund.failed", refund)) == 200
    post.desk.work()
    assert the_refund().state == "succeeded"
    post.desk.work()
    assert the_refund().state == "declined"


def test_the_bank_s_own_messages_are_taken(post: Post, listening: Listener) -> None:
    refund = refunded(post.desk, post.bank)
    post.bank.control("POST", f"refunds/{bank_refund(post.bank, refund)}/settle", {"status": "failed"})
    arrived = listening.wait_for(lambda got: any(b"refund.failed" in each.body for each in got))
    for each in arrived:
        header = each.headers["Stripe-Signature"]
        answer = post.client.post(URL, data=each.body, headers={"Stripe-Signature": header})
        assert answer.status_code == 200
    post.desk.work()
    assert the_refund().state == "declined"
    kinds = set(db.session.scalars(select(GatewayEvent.kind)))
    assert {"refund.created", "charge.refunded", "refund.failed"} <= kinds


def test_iyzico_s_messages_are_signed_over_their_fields() -> None:
    body = json.dumps(
        {
            "iyziEventType": "REFUND_RETRY_SUCCESS",
            "paymentId": 77,
            "paymentConversationId": "c1",
            "status": "SUCCESS",
        }
    ).encode()
    message = "secretREFUND_RETRY_SUCCESS77c1SUCCESS"
    signature = hmac.new(b"secret", message.encode(), hashlib.sha256).hexdigest()
    notice = read_iyzico({"X-Iyz-Signature-V3": signature.upper()}, body, {"secret_key": "secret"}, 0.0)
    assert (notice.kind, notice.payment_refs) == ("REFUND_RETRY_SUCCESS", ("77",))
    for headers, secrets in (
        ({}, {"secret_key": "secret"}),
        ({"X-Iyz-Signature-V3": signature}, {}),
        ({"X-Iyz-Signature-V3": signature}, {"secret_key": "other"}),
    ):
        with pytest.raises(Exception, match="signature"):
            read_iyzico(headers, body, secrets, 0.0)


def run_due() -> None:
    """What a worker does now, without moving any clock."""
    from webapp.core.hints import drain

    drain("money")
