"""The Stripe-shaped door: payment intents, charges and refunds, form-encoded, strict."""

import json
import re
import secrets
import sqlite3
import time
from base64 import b64decode
from typing import Any

from flask import Blueprint, Response, current_app, request

from sandbox.bank.bank import Bank
from sandbox.bank.events import announce
from sandbox.bank.keys import Act, Attempt, Outcome
from sandbox.bank.ledger import (
    Payment,
    Refund,
    add_refund,
    change_payment,
    find_payment,
    find_refund,
    new_id,
    refunded,
    refunds,
)
from sandbox.bank.refund_wish import RefundWish, read_refund_wish
from sandbox.bank.stripe_errors import StripeProblem, invalid, missing, refused
from sandbox.bank.stripe_objects import API_VERSION, charge_object, payment_intent_object, refund_object
from sandbox.faults import Fault, FaultKind
from sandbox.wire import FAULT

MAX_LIMIT = 100
CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action", "requires_capture")
stripe = Blueprint("stripe", __name__, url_prefix="/v1")


def the_bank() -> Bank:
    bank: Bank = current_app.extensions["bank"]
    return bank


@stripe.before_request
def check_key() -> None:
    given = _given_key(request.headers.get("Authorization", ""))
    if not given:
        message = (
            "You did not provide an API key. You need to provide your API key in the Authorization header."
        )
        raise StripeProblem(401, "invalid_request_error", message, should_retry=False)
    if not secrets.compare_digest(given, the_bank().credentials.stripe_key):
        hidden = f"{given[:8]}{'*' * 8}"
        raise StripeProblem(
            401, "invalid_request_error", f"Invalid API Key provided: {hidden}", should_retry=False
        )


@stripe.errorhandler(StripeProblem)
def show_problem(problem: StripeProblem) -> Response:
    return _shown(Outcome(problem.status, problem.body(), _request_id(), should_retry=problem.should_retry))


@stripe.get("/payment_intents/<name>")
def get_payment_intent(name: str) -> Response:
    expanded = [
        value for key, values in request.args.lists() if key.startswith("expand[") for value in values
    ]
    with the_bank().database.reading() as connection:
        payment = _payment(connection, name, "payment_intent", "intent")
        shown = payment_intent_object(connection, payment, expands_charge="latest_charge" in expanded)
    return _ok(shown)


@stripe.get("/charges/<name>")
def get_charge(name: str) -> Response:
    with the_bank().database.reading() as connection:
        return _ok(charge_object(connection, _payment(connection, name, "charge", "id")))


@stripe.post("/payment_intents/<name>/cancel")
def cancel_payment_intent(name: str) -> Response:
    _form({"cancellation_reason"})

    def act(connection: sqlite3.Connection) -> dict[str, Any]:
        payment = _payment(connection, name, "payment_intent", "intent")
        if payment.status not in CANCELABLE:
            raise _unexpected_state(payment, "canceled", CANCELABLE)
        canceled = change_payment(connection, payment, status="canceled", captured=0)
        return payment_intent_object(connection, canceled, expands_charge=False)

    return _once(act)


@stripe.post("/payment_intents/<name>/capture")
def capture_payment_intent(name: str) -> Response:
    form = _form({"amount_to_capture"})
    wanted = form.get("amount_to_capture")
    if wanted is not None and not re.fullmatch(r"\d+", wanted):
        raise invalid(f"Invalid integer: {wanted}", "amount_to_capture", "parameter_invalid_integer")

    def act(connection: sqlite3.Connection) -> dict[str, Any]:
        payment = _payment(connection, name, "payment_intent", "intent")
        if payment.status != "requires_capture":
            raise _unexpected_state(payment, "captured", ("requires_capture",))
        amount = int(wanted) if wanted is not None else payment.amount
        if not 0 < amount <= payment.amount:
            raise refused("The amount to capture is not within what was authorized.", "amount_to_capture")
        captured = change_payment(connection, payment, status="succeeded", captured=amount)
        return payment_intent_object(connection, captured, expands_charge=False)

    return _once(act)


@stripe.post("/refunds")
def create_refund() -> Response:
    wish = read_refund_wish(_form(None))

    def act(connection: sqlite3.Connection) -> dict[str, Any]:
        payment = _payment(connection, wish.target, wish.target_kind, wish.target_kind)
        refund = _refund(connection, payment, wish)
        announce(connection, "refund.created", refund)
        announce(connection, "charge.refunded", refund)
        return refund_object(refund, payment.charge_id)

    return _once(act)


@stripe.get("/refunds")
def list_refunds() -> Response:
    known = {"payment_intent", "charge", "limit", "starting_after", "created[gte]"}
    _refuse_unknown(set(request.args) - known)
    limit = request.args.get("limit", "10")
    if not limit.isdigit() or not 1 <= int(limit) <= MAX_LIMIT:
        raise invalid(
            f"Invalid limit: must be between 1 and {MAX_LIMIT}", "limit", "parameter_invalid_integer"
        )
    with the_bank().database.reading() as connection:
        found = _listed(connection)
        shown = found[: int(limit)]
        data = [refund_object(refund, _charge_id(connection, refund)) for refund in shown]
    return _ok({"object": "list", "url": "/v1/refunds", "has_more": len(found) > len(shown), "data": data})


@stripe.get("/refunds/<refund_id>")
def get_refund(refund_id: str) -> Response:
    with the_bank().database.reading() as connection:
        refund = find_refund(connection, refund_id)
        if refund is None:
            raise missing("refund", refund_id, "id")
        return _ok(refund_object(refund, _charge_id(connection, refund)))


def _listed(connection: sqlite3.Connection) -> list[Refund]:
    """Newest first, behind `starting_after` where that is given."""
    name = request.args.get("payment_intent") or request.args.get("charge")
    if name:
        payment = _payment(connection, name, "payment_intent", "payment_intent")
        found = refunds(connection, payment.id)
    else:
        found = [refund for refund in refunds(connection) if refund.id.startswith("re_")]
    made_from = _created_from()
    found = [refund for refund in found if refund.created >= made_from]
    after = request.args.get("starting_after")
    if not after:
        return found
    places = [place for place, refund in enumerate(found) if refund.id == after]
    if not places:
        raise missing("refund", after, "starting_after")
    return found[places[0] + 1 :]


def _created_from() -> int:
    """`created[gte]`, in seconds since 1970."""
    given = request.args.get("created[gte]", "0")
    if not given.isdigit():
        raise invalid(f"Invalid integer: {given}", "created[gte]", "parameter_invalid_integer")
    return int(given)


def _refund(connection: sqlite3.Connection, payment: Payment, wish: RefundWish) -> Refund:
    if payment.status != "succeeded":
        message = f"This PaymentIntent ({payment.id}) does not have a successful charge to refund."
        raise refused(message, wish.target_kind)
    left = payment.captured - refunded(connection, payment.id)
    if left <= 0:
        message = f"Charge {payment.charge_id} has already been refunded."
        raise refused(message, code="charge_already_refunded", charge=payment.charge_id)
    amount = left if wish.amount is None else wish.amount
    if amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise refused(message, "amount")
    if not payment.is_refundable:
        raise refused("The issuer of this card does not take refunds.", code="refund_disputed_payment")
    fault = _fault()
    is_pending = fault is not None and fault.kind in (FaultKind.PENDING_SETTLES, FaultKind.PENDING_FAILS)
    return add_refund(connection, _new_refund(payment, wish, amount, fault if is_pending else None))


def _new_refund(payment: Payment, wish: RefundWish, amount: int, pending: Fault | None) -> Refund:
    return Refund(
        id=new_id("re"),
        payment_id=payment.id,
        amount=amount,
        currency=payment.currency,
        status="pending" if pending else "succeeded",
        via="stripe",
        reason=wish.reason,
        metadata=json.dumps(wish.metadata),
        reference=wish.metadata.get("refund_id", ""),
        key=request.headers.get("Idempotency-Key"),
        settles_at=time.time() + pending.seconds if pending else None,
        settles_to="failed" if pending and pending.kind is FaultKind.PENDING_FAILS else "succeeded",
    )


def _payment(connection: sqlite3.Connection, name: str, kind: str, param: str) -> Payment:
    payment = find_payment(connection, name)
    if payment is None or payment.dialect != "stripe":
        raise missing(kind, name, param)
    return payment


def _charge_id(connection: sqlite3.Connection, refund: Refund) -> str:
    payment = find_payment(connection, refund.payment_id)
    return payment.charge_id if payment else ""


def _unexpected_state(payment: Payment, verb: str, allowed: tuple[str, ...]) -> StripeProblem:
    message = (
        f"This PaymentIntent could not be {verb} because it has a status of {payment.status}."
        f" Only a PaymentIntent with one of the following statuses may be {verb}: {', '.join(allowed)}."
    )
    return refused(message, code="payment_intent_unexpected_state")


def _form(known: set[str] | None) -> dict[str, str]:
    """The form of the request; `known` None leaves the names to the caller."""
    if request.get_data() and request.mimetype != "application/x-www-form-urlencoded":
        raise invalid(
            "Invalid request (check that your POST content type is application/x-www-form-urlencoded)."
        )
    form = request.form.to_dict()
    if known is not None:
        _refuse_unknown(set(form) - known)
    return form


def _refuse_unknown(names: set[str]) -> None:
    if names:
        name = sorted(names)[0]
        raise invalid(f"Received unknown parameter: {name}", name, "parameter_unknown")


def _once(act: Act) -> Response:
    key = request.headers.get("Idempotency-Key")
    attempt = Attempt(key, request.path, request.form.to_dict(), _request_id(), _fault())
    outcome = the_bank().keys.run(attempt, act)
    response = _shown(outcome)
    if key is not None:
        response.headers["Idempotency-Key"] = key
    if outcome.is_replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _ok(body: dict[str, Any]) -> Response:
    return _shown(Outcome(200, body, _request_id()))


def _shown(outcome: Outcome) -> Response:
    response = Response(json.dumps(outcome.body, indent=2), outcome.status, content_type="application/json")
    response.headers["Request-Id"] = outcome.request_id
    response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", API_VERSION)
    if outcome.should_retry is not None:
        response.headers["Stripe-Should-Retry"] = "true" if outcome.should_retry else "false"
    return response


def _request_id() -> str:
    return new_id("req")


def _fault() -> Fault | None:
    fault: Fault | None = request.environ.get(FAULT)
    return fault


def _given_key(header: str) -> str:
    """The key as Basic user or bearer; empty where there is none."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(value).decode().partition(":")[0]
    except ValueError:
        return ""
