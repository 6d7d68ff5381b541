"""Stripe on a real wire: what each answer of the bank means, and what it has done."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.payments.wires import HANG_S, refund_of, stripe_at
from tests.sandbox.running import BankServer
from webapp.core.errors import PaymentError
from webapp.core.http import Answer
from webapp.payments.gateway import Outcome, Standing
from webapp.payments.gateways.stripe_answers import (
    REFUND_STATES,
    classify,
    from_stripe,
    to_stripe,
)


def test_a_refund_succeeds_and_is_found_by_its_reference(bank: BankServer) -> None:
    stripe, payment = stripe_at(bank), bank.pay()
    order = refund_of(payment, "40.00")

    answer = stripe.refund(order)

    assert (answer.outcome, answer.http_status) == (Outcome.SUCCEEDED, 200)
    found = stripe.lookup(order)
    assert found.answered
    assert [(r.gateway_ref, r.amount, r.currency, r.outcome) for r in found.found] == [
        (answer.gateway_ref, Decimal("40.00"), "TRY", Outcome.SUCCEEDED)
    ]
    assert stripe.lookup(refund_of(payment)).found == ()


# What the client is told, what has happened, and what a lookup says afterwards.
FAULTS = [
    ("slow", 0.1, Outcome.SUCCEEDED, 1),
    ("hang_before", HANG_S, Outcome.UNKNOWN, 0),
    ("hang_after", HANG_S, Outcome.UNKNOWN, 1),
    ("429", 7, Outcome.UNKNOWN, 0),
    ("503", 0, Outcome.UNKNOWN, 0),
    ("500_before", 0, Outcome.UNKNOWN, 0),
    ("500_after", 0, Outcome.UNKNOWN, 1),
    ("500_stored", 0, Outcome.UNKNOWN, 1),
    ("html_200", 0, Outcome.UNKNOWN, 0),
    ("html_500", 0, Outcome.UNKNOWN, 0),
    ("reset_before", 0, Outcome.UNKNOWN, 0),
    ("reset_after", 0, Outcome.UNKNOWN, 1),
    ("truncated", 0, Outcome.UNKNOWN, 1),
    ("cut_off", 0, Outcome.UNKNOWN, 1),
    ("pending_settles", 60, Outcome.PENDING, 1),
    ("pending_fails", 60, Outcome.PENDING, 1),
]


@pytest.mark.parametrize(("kind", "seconds", "outcome", "effects"), FAULTS, ids=[f[0] for f in FAULTS])
def test_a_fault_on_the_way_means_unknown_and_never_no(
    bank: BankServer, kind: str, seconds: float, outcome: Outcome, effects: int
) -> None:
    stripe, payment = stripe_at(bank), bank.pay()
    order = refund_of(payment)
    bank.fault(kind=kind, path="/v1/refunds", method="POST", count=1, seconds=seconds)

    answer = stripe.refund(order)

    assert answer.outcome is outcome
    assert len(bank.refunds(payment)) == effects
    assert len(stripe.lookup(order).found) == effects
    if kind == "429":
        assert answer.retry_after_s == 7


@pytest.mark.parametrize(
    "kind", ["hang_before", "hang_after", "500_before", "500_after", "reset_after", "truncated"]
)
def test_the_same_order_sent_again_pays_once(bank: BankServer, kind: str) -> None:
    stripe, payment = stripe_at(bank), bank.pay()
    order = refund_of(payment)
    bank.fault(kind=kind, path="/v1/refunds", method="POST", count=1, seconds=HANG_S)
    stripe.refund(order)

    again = stripe.refund(order)

    assert again.outcome is Outcome.SUCCEEDED
    assert [r["amount"] for r in bank.refunds(payment)] == [4000]


def test_the_same_key_with_another_amount_is_contradictory(bank: BankServer) -> None:
    stripe, payment = stripe_at(bank), bank.pay()
    order = refund_of(payment, "40.00")
    stripe.refund(order)

    answer = stripe.refund(replace(order, amount=Decimal("41.00")))

    assert (answer.outcome, answer.http_status) == (Outcome.CONTRADICTORY, 400)


def test_a_key_at_work_means_unknown(bank: BankServer) -> None:
    stripe, payment = stripe_at(bank), bank.pay()
    order = refund_of(payment)
    bank.fault(kind="busy", path="/v1/refunds", method="POST", count=1, seconds=HANG_S)
    assert stripe.refund(order).outcome is Outcome.UNKNOWN

    meanwhile = stripe.refund(order)

    assert (meanwhile.outcome, meanwhile.http_status) == (Outcome.UNKNOWN, 409)


def test_definite_refusals_are_told_apart(bank: BankServer) -> None:
    stripe = stripe_at(bank)
    payment = bank.pay(amount=10_000)
    too_much = stripe.refund(refund_of(payment, "100.01"))
    assert (too_much.outcome, too_much.http_status) == (Outcome.DECLINED, 400)
    assert "greater than unrefunded amount" in too_much.words

    stripe.refund(refund_of(payment, "100.00"))
    again = stripe.refund(refund_of(payment, "10.00"))
    assert (again.outcome, again.code) == (Outcome.ALREADY_REFUNDED, "charge_already_refunded")

    refused = stripe.refund(refund_of(bank.pay(is_refundable=False)))
    assert refused.outcome is Outcome.DECLINED
    unknown = stripe.refund(refund_of({"id": "pi_nothere", "currency": "try"}))
    assert (unknown.outcome, unknown.code) == (Outcome.DECLINED, "resource_missing")


def test_a_wrong_key_or_address_is_our_mistake_and_not_the_refunds(bank: BankServer) -> None:
    order = refund_of(bank.pay())
    assert stripe_at(bank, key="sk_test_other").refund(order).outcome is Outcome.MISCONFIGURED
    elsewhere = stripe_at(bank)
    elsewhere._base = f"{bank.url}/v1/elsewhere"
    answer = elsewhere.refund(order)
    assert (answer.outcome, answer.http_status) == (Outcome.MISCONFIGURED, 404)
    nobody = stripe_at(bank)
    nobody._base = "http://127.0.0.1:9/v1"
    assert nobody.refund(order).outcome is Outcome.UNKNOWN


def test_a_lookup_that_cannot_be_made_says_so(bank: BankServer) -> None:
    stripe, order = stripe_at(bank), refund_of(bank.pay())
    for kind in ("reset_before", "503", "html_200", "truncated"):
        bank.control("DELETE", "faults")
        bank.fault(kind=kind, path="/v1/refunds", method="GET", count=3)
        lookup = stripe.lookup(order)
        assert (lookup.answered, lookup.found) == (False, ()), kind
        assert lookup.words


def test_history_tells_payment_and_refunds(bank: BankServer) -> None:
    stripe, payment = stripe_at(bank), bank.pay(amount=10_000)
    stripe.refund(refund_of(payment, "30.00"))
    bank.fault(kind="pending_settles", path="/v1/refunds", method="POST", count=1, seconds=60)
    stripe.refund(refund_of(payment, "20.00"))
    bank.control("POST", f"payments/{payment['id']}/refunds", {"amount": 1000})

    history = stripe.history(payment["id"])

    assert (history.standing, history.currency) == (Standing.CAPTURED, "TRY")
    assert (history.amount, history.captured_amount) == (Decimal("100.00"), Decimal("100.00"))
    assert history.refunded_amount == Decimal("60.00")
    assert [r.reference == "" for r in history.refunds] == [True, False, False]
    by_charge = stripe.history(payment["charge_id"])
    assert by_charge.captured_amount == Decimal("100.00")
    assert len(by_charge.refunds) == 3
    with pytest.raises(PaymentError, match="No such payment_intent"):
        stripe.history("pi_nothere")


def test_a_reserved_payment_is_told_and_let_go(bank: BankServer) -> None:
    stripe, payment = stripe_at(bank), bank.pay(status="requires_capture")
    history = stripe.history(payment["id"])
    assert (history.standing, history.authorised_amount, history.captured_amount) == (
        Standing.RESERVED,
        Decimal("100.00"),
        Decimal("0.00"),
    )
    order = refund_of(payment, "100.00", is_release=True, is_whole_payment=True)
    assert stripe.lookup(order).found == ()

    answer = stripe.cancel_payment(order)

    assert (answer.outcome, answer.gateway_ref) == (Outcome.SUCCEEDED, None)
    assert stripe.history(payment["id"]).standing is Standing.CANCELLED
    assert [found.outcome for found in stripe.lookup(order).found] == [Outcome.SUCCEEDED]


def test_letting_go_what_is_gone_already_is_done(bank: BankServer) -> None:
    stripe, payment = stripe_at(bank), bank.pay(status="requires_capture")
    bank.stripe("POST", f"/payment_intents/{payment['id']}/cancel")
    order = refund_of(payment, "100.00", is_release=True, is_whole_payment=True)
    assert stripe.cancel_payment(order).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("is_whole", [True, False])
def test_money_that_was_captured_meanwhile_cannot_be_let_go(bank: BankServer, is_whole: bool) -> None:
    stripe, payment = stripe_at(bank), bank.pay(status="requires_capture")
    bank.stripe("POST", f"/payment_intents/{payment['id']}/capture")
    order = refund_of(payment, "40.00", is_release=True, is_whole_payment=is_whole)

    answer = stripe.cancel_payment(order)

    assert answer.outcome is Outcome.DECLINED
    assert "captured meanwhile" in answer.words
    assert bank.refunds(payment) == []


def test_a_part_is_let_go_by_leaving_it_uncaptured(bank: BankServer) -> None:
    stripe, payment = stripe_at(bank), bank.pay(status="requires_capture")
    answer = stripe.cancel_payment(refund_of(payment, "40.00", is_release=True))
    assert answer.outcome is Outcome.SUCCEEDED
    # The rest can still be captured, and nothing but the rest is meant to be.
    assert stripe.history(payment["id"]).authorised_amount == Decimal("100.00")
    captured = bank.stripe("POST", f"/payment_intents/{payment['id']}/capture", {"amount_to_capture": "6000"})
    assert captured.json()["amount_received"] == 6000


def test_a_cancellation_whose_answer_is_lost_is_found(bank: BankServer) -> None:
    stripe, payment = stripe_at(bank), bank.pay(status="requires_capture")
    order = refund_of(payment, "100.00", is_release=True, is_whole_payment=True)
    bank.fault(kind="reset_after", path="/v1/payment_intents/*/cancel", method="POST", count=1)
    assert stripe.cancel_payment(order).outcome is Outcome.UNKNOWN
    assert [found.outcome for found in stripe.lookup(order).found] == [Outcome.SUCCEEDED]


def test_refunds_since_pages_to_the_end(bank: BankServer) -> None:
    stripe, payment = stripe_at(bank), bank.pay(amount=1_000_000)
    begin = datetime.now(UTC) - timedelta(seconds=1)
    for _ in range(203):
        bank.control("POST", f"payments/{payment['id']}/refunds", {"amount": 10})

    found = [each for each in stripe.refunds_since(begin) if each.payment_ref == payment["id"]]

    assert len({each.gateway_ref for each in found}) == len(found) == 203
    assert all(each.at is not None and each.at >= begin - timedelta(seconds=1) for each in found)
    assert list(stripe.refunds_since(datetime.now(UTC) + timedelta(hours=1))) == []


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("99", "JPY", 99),
        ("12.34", "TRY", 1234),
        ("1.230", "KWD", 1230),
        ("25", "ISK", 2500),
        ("7.00", "MGA", 7),
    ],
)
def test_amounts_are_written_in_the_currency_s_own_units(
    bank: BankServer, amount: str, currency: str, minor: int
) -> None:
    assert to_stripe(Decimal(amount), currency) == minor
    assert from_stripe(minor, currency) == Decimal(amount)
    if currency in ("ISK", "MGA"):
        return
    stripe, payment = stripe_at(bank), bank.pay(amount=minor, currency=currency.lower())
    order = refund_of(payment, amount)
    assert stripe.refund(order).outcome is Outcome.SUCCEEDED
    assert [found.amount for found in stripe.lookup(order).found] == [Decimal(amount)]
    assert [r["amount"] for r in bank.refunds(payment)] == [minor]


@pytest.mark.parametrize(("amount", "currency"), [("1.235", "KWD"), ("0.5", "JPY"), ("0.50", "MGA")])
def test_an_amount_that_stripe_cannot_write_is_a_definite_no(
    bank: BankServer, amount: str, currency: str
) -> None:
    payment = bank.pay(currency=currency.lower())
    answer = stripe_at(bank).refund(refund_of(payment, amount))
    assert (answer.outcome, bank.refunds(payment)) == (Outcome.DECLINED, [])


def test_stripe_s_own_word_on_retrying_outranks_the_status() -> None:
    def answered(status: int, headers: dict[str, str], body: bytes) -> Outcome:
        now = datetime.now(UTC)
        return classify(Answer("POST", status, headers, body, now, now), REFUND_STATES).outcome

    lock = b'{"error": {"type": "invalid_request_error", "code": "lock_timeout", "message": "later"}}'
    assert answered(400, {"Stripe-Should-Retry": "true"}, lock) is Outcome.UNKNOWN
    assert answered(400, {"Stripe-Should-Retry": "false"}, lock) is Outcome.DECLINED
    card = b'{"error": {"type": "card_error", "decline_code": "expired_card", "message": "no"}}'
    assert answered(402, {}, card) is Outcome.DECLINED
    assert answered(403, {}, lock) is Outcome.MISCONFIGURED
    assert answered(302, {}, b"<html>") is Outcome.MISCONFIGURED
    assert answered(200, {}, b"[]") is Outcome.UNKNOWN
    assert answered(200, {}, b'{"id": "re_1", "status": "dreaming"}') is Outcome.UNKNOWN
    assert answered(200, {}, b'{"id": "re_1", "status": "failed"}') is Outcome.DECLINED


def test_an_answer_says_what_has_moved_and_one_that_does_not_is_no_answer(bank: BankServer) -> None:
    def answered(body: bytes) -> tuple[Outcome, Decimal | None, str | None]:
        now = datetime.now(UTC)
        told = classify(Answer("POST", 200, {}, body, now, now), REFUND_STATES)
        return told.outcome, told.amount, told.currency

    done = b'{"id": "re_1", "status": "succeeded", "amount": 4000, "currency": "try"}'
    assert answered(done) == (Outcome.SUCCEEDED, Decimal("40.00"), "TRY")
    yen = b'{"id": "re_1", "status": "pending", "amount": 4000, "currency": "jpy"}'
    assert answered(yen) == (Outcome.PENDING, Decimal(4000), "JPY")
    for odd in (b"null", b'"all"', b"[]"):
        body = b'{"id": "re_1", "status": "succeeded", "amount": %s, "currency": "try"}' % odd
        assert answered(body)[0] is Outcome.UNKNOWN
    assert answered(b'{"id": "re_1", "status": "succeeded", "amount": 4000}')[0] is Outcome.UNKNOWN
    answer = stripe_at(bank).refund(refund_of(bank.pay(), "40.00"))
    assert (answer.amount, answer.currency) == (Decimal("40.00"), "TRY")
