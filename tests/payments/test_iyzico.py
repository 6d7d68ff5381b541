"""iyzico on a real wire: cancel on its day, refund by item, ask before sending, believe only what is signed."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.payments.wires import HANG_S, iyzico_at, refund_of
from tests.sandbox.running import BankServer
from webapp.core.errors import PaymentError
from webapp.core.http import Answer
from webapp.payments.by_item import same_bank_day
from webapp.payments.gateway import Outcome, RefundAnswer, Standing
from webapp.payments.gateways.iyzico_answers import REFUND_FIELDS, classify

ITEMS = [{"id": "11", "weight": 75}, {"id": "12", "weight": 25}]


def pay(bank: BankServer, **wanted: Any) -> dict[str, Any]:
    """100.00 TRY for two items of 75.00 and 25.00."""
    return bank.pay(**{"dialect": "iyzico", "items": ITEMS, "reference": "1001", **wanted})


def paid_at(payment: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(payment["created"], UTC)


def test_one_item_is_refunded_and_found_by_our_id(bank: BankServer) -> None:
    iyzico, payment = iyzico_at(bank), pay(bank)
    order = refund_of(payment, "20.50", item_ref=payment["items"][0]["id"])
    assert iyzico.lookup(order).found == ()

    answer = iyzico.refund(order)

    assert answer.outcome is Outcome.SUCCEEDED
    found = iyzico.lookup(order).found
    assert [(r.gateway_ref, r.amount, r.item_ref, r.outcome) for r in found] == [
        (answer.gateway_ref, Decimal("20.50"), order.item_ref, Outcome.SUCCEEDED)
    ]
    assert [(r["kind"], r["amount"]) for r in bank.refunds(payment)] == [("refund", 2050)]


def test_a_whole_payment_is_cancelled_on_its_day(bank: BankServer) -> None:
    iyzico, payment = iyzico_at(bank), pay(bank)
    order = refund_of(payment, "100.00", is_whole_payment=True, paid_at=paid_at(payment))

    answer = iyzico.refund(order)

    assert answer.outcome is Outcome.SUCCEEDED
    assert [(r["kind"], r["amount"]) for r in bank.refunds(payment)] == [("cancel", 10_000)]
    assert [r.amount for r in iyzico.lookup(order).found] == [Decimal("100.00")]


def test_a_whole_payment_of_another_day_is_refunded_in_one_piece(bank: BankServer) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    payment = pay(bank, created=yesterday.timestamp())
    iyzico = iyzico_at(bank)
    order = refund_of(payment, "100.00", is_whole_payment=True, paid_at=yesterday)

    assert iyzico.refund(order).outcome is Outcome.SUCCEEDED

    # One movement per basket item there, one refund of ours.
    assert [(r["kind"], r["amount"]) for r in bank.refunds(payment)] == [("refund", 7500), ("refund", 2500)]
    assert [r.amount for r in iyzico.lookup(order).found] == [Decimal("100.00")]


def test_a_bank_that_has_closed_its_day_is_asked_to_refund_instead(bank: BankServer) -> None:
    payment = pay(bank, created=(datetime.now(UTC) - timedelta(days=1)).timestamp())
    order = refund_of(payment, "100.00", is_whole_payment=True, paid_at=datetime.now(UTC))
    assert iyzico_at(bank).refund(order).outcome is Outcome.SUCCEEDED
    assert sum(r["amount"] for r in bank.refunds(payment)) == 10_000


@pytest.mark.parametrize(
    ("paid", "now", "is_day"),
    [
        # Midnight in Istanbul is 21:00 UTC.
        ("2026-11-20T20:59:00Z", "2026-11-20T20:59:59Z", True),
        ("2026-11-20T20:59:00Z", "2026-11-20T21:00:00Z", False),
        ("2026-11-20T21:00:00Z", "2026-11-21T20:59:59Z", True),
    ],
)
def test_the_day_of_a_payment_is_istanbul_s(paid: str, now: str, is_day: bool) -> None:
    assert same_bank_day(datetime.fromisoformat(paid), datetime.fromisoformat(now)) is is_day
    assert not same_bank_day(None, datetime.fromisoformat(now))


FAULTS = [
    ("hang_before", HANG_S, Outcome.UNKNOWN, 0),
    ("hang_after", HANG_S, Outcome.UNKNOWN, 1),
    ("429", 3, Outcome.UNKNOWN, 0),
    ("503", 0, Outcome.UNKNOWN, 0),
    ("500_before", 0, Outcome.UNKNOWN, 0),
    ("500_after", 0, Outcome.UNKNOWN, 1),
    ("html_200", 0, Outcome.UNKNOWN, 0),
    ("reset_before", 0, Outcome.UNKNOWN, 0),
    ("reset_after", 0, Outcome.UNKNOWN, 1),
    ("truncated", 0, Outcome.UNKNOWN, 1),
    ("cut_off", 0, Outcome.UNKNOWN, 1),
]


@pytest.mark.parametrize(("kind", "seconds", "outcome", "effects"), FAULTS, ids=[f[0] for f in FAULTS])
def test_a_fault_on_the_way_means_unknown_and_the_report_knows(
    bank: BankServer, kind: str, seconds: float, outcome: Outcome, effects: int
) -> None:
    iyzico, payment = iyzico_at(bank), pay(bank)
    order = refund_of(payment, "20.00", item_ref=payment["items"][0]["id"])
    bank.fault(kind=kind, path="/payment/refund", method="POST", count=1, seconds=seconds)

    answer = iyzico.refund(order)

    assert answer.outcome is outcome
    assert len(bank.refunds(payment)) == len(iyzico.lookup(order).found) == effects


@pytest.mark.parametrize("error_status", [400, 200])
def test_definite_refusals_are_told_by_the_body_alone(bank: BankServer, error_status: int) -> None:
    bank.control("PUT", "settings", {"iyzico_error_status": error_status})
    iyzico, payment = iyzico_at(bank), pay(bank)
    too_much = iyzico.refund(refund_of(payment, "75.01", item_ref=payment["items"][0]["id"]))
    assert (too_much.outcome, too_much.http_status) == (Outcome.DECLINED, error_status)
    card = pay(bank, is_refundable=False)
    refused = iyzico.refund(refund_of(card, "10.00", item_ref=card["items"][0]["id"]))
    assert (refused.outcome, refused.code, bank.refunds(card)) == (Outcome.DECLINED, "10005", [])
    bank.control("PUT", "settings", {"iyzico_error_status": 400})


def test_a_wrong_secret_is_our_mistake_and_not_the_refund_s(bank: BankServer) -> None:
    payment = pay(bank)
    order = refund_of(payment, "10.00", item_ref=payment["items"][0]["id"])
    for wrong in (iyzico_at(bank, secret_key="another"), iyzico_at(bank, api_key="another")):
        assert wrong.refund(order).outcome is Outcome.MISCONFIGURED
        lookup = wrong.lookup(order)
        assert (lookup.answered, lookup.access_refused) == (False, True)


def test_history_tells_items_and_refunds(bank: BankServer) -> None:
    iyzico, payment = iyzico_at(bank), pay(bank)
    iyzico.refund(refund_of(payment, "20.00", item_ref=payment["items"][0]["id"]))

    history = iyzico.history(payment["id"])

    assert (history.standing, history.captured_amount) == (Standing.CAPTURED, Decimal("100.00"))
    assert history.refunded_amount == Decimal("20.00")
    assert [(item.ref, item.paid_price, item.item) for item in history.items] == [
        (payment["items"][0]["id"], Decimal("75.00"), "11"),
        (payment["items"][1]["id"], Decimal("25.00"), "12"),
    ]
    with pytest.raises(PaymentError, match="not found"):
        iyzico.history("404404404")


def test_refunds_since_reads_every_page_of_every_day(bank: BankServer) -> None:
    iyzico = iyzico_at(bank)
    begin = datetime.now(UTC).replace(microsecond=0)
    payments = [pay(bank) for _ in range(60)]
    for payment in payments:
        bank.control("POST", f"payments/{payment['id']}/refunds", {"amount": 100})
    whole = pay(bank)
    iyzico.refund(refund_of(whole, "100.00", is_whole_payment=True, paid_at=paid_at(whole)))

    found = list(iyzico.refunds_since(begin))

    names = {payment["id"] for payment in (*payments, whole)}
    assert names <= {each.payment_ref for each in found}
    assert len({each.gateway_ref for each in found}) == len(found)
    assert next(r.amount for r in found if r.payment_ref == whole["id"]) == Decimal("100.00")


def _answered(status: int, body: object, signed: tuple[str, ...] = ()) -> RefundAnswer:
    now = datetime.now(UTC)
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return classify(Answer("POST", status, {}, content, now, now), "secret", signed)


def _signature(text: str) -> str:
    return hmac.new(b"secret", text.encode(), hashlib.sha256).hexdigest()


def test_an_answer_that_should_be_signed_is_not_believed_without() -> None:
    success = {"status": "success", "paymentId": "7", "price": 10.5, "currency": "TRY", "conversationId": "c"}
    right = _signature("7:10.5:TRY:c")
    assert _answered(200, {**success, "signature": right}, REFUND_FIELDS).outcome is Outcome.SUCCEEDED
    assert _answered(200, success, REFUND_FIELDS).outcome is Outcome.UNKNOWN
    assert _answered(200, {**success, "price": 99, "signature": right}).outcome is Outcome.UNKNOWN
    # Where none is promised and none is there, the status stands.
    assert _answered(200, success).outcome is Outcome.SUCCEEDED
    whole = {**success, "price": 100.0, "signature": _signature("7:100:TRY:c")}
    assert _answered(200, whole, REFUND_FIELDS).outcome is Outcome.SUCCEEDED


def test_an_answer_says_what_has_moved_and_a_cancelled_payment_is_whole(bank: BankServer) -> None:
    success = {"status": "success", "paymentId": "7", "price": 10.5, "currency": "TRY"}
    told = _answered(200, success)
    assert (told.amount, told.currency) == (Decimal("10.50"), "TRY")
    assert _answered(200, {**success, "price": "all"}).outcome is Outcome.UNKNOWN
    silent = _answered(200, {"status": "success", "paymentId": "7"})
    assert (silent.outcome, silent.amount, silent.currency) == (Outcome.SUCCEEDED, None, None)
    part = iyzico_at(bank).refund(refund_of(pay(bank), "20.00"))
    assert (part.amount, part.currency) == (Decimal("20.00"), "TRY")
    paid = pay(bank)
    whole = refund_of(paid, "100.00", is_whole_payment=True, paid_at=paid_at(paid))
    assert iyzico_at(bank).refund(whole).amount is None


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (400, {"status": "failure", "errorCode": "10051", "retryable": False}, Outcome.DECLINED),
        # The bank may think otherwise later: not a no.
        (400, {"status": "failure", "errorCode": "10051", "retryable": True}, Outcome.UNKNOWN),
        (200, {"status": "failure", "errorCode": "1", "errorGroup": "SYSTEM_ERROR"}, Outcome.UNKNOWN),
        (200, {"status": "failure", "errorCode": "10222", "errorGroup": "REQUEST_TIMEOUT"}, Outcome.UNKNOWN),
        (500, {"status": "failure", "errorCode": "10051"}, Outcome.UNKNOWN),
        (400, {"status": "failure", "errorCode": "1001"}, Outcome.MISCONFIGURED),
        (403, {"status": "failure"}, Outcome.MISCONFIGURED),
        (400, {"message": "no status at all"}, Outcome.UNKNOWN),
        (200, [], Outcome.UNKNOWN),
        (302, b"<html>", Outcome.MISCONFIGURED),
    ],
)
def test_answers_mean_what_status_and_group_say(status: int, body: object, outcome: Outcome) -> None:
    assert _answered(status, body).outcome is outcome


def test_two_movements_of_one_item_under_one_id_stay_two(bank: BankServer) -> None:
    iyzico, payment = iyzico_at(bank), pay(bank)
    order = refund_of(payment, "20.00", item_ref=payment["items"][0]["id"])
    iyzico.refund(order)
    iyzico.refund(order)
    assert [r.amount for r in iyzico.lookup(order).found] == [Decimal("20.00"), Decimal("20.00")]
