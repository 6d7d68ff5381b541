"""/_control of the bank: makes payments, settles refunds, and lists every movement. Loopback only, without keys."""

import secrets
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.bank import registration
from sandbox.bank.events import FAILURE
from sandbox.bank.ledger import (
    Payment,
    Refund,
    add_refund,
    find_payment,
    find_refund,
    new_id,
    refunded,
    refunds,
    spread,
)
from sandbox.bank.stripe_api import the_bank
from sandbox.post import is_loopback

control = Blueprint("control", __name__, url_prefix="/_control")
SETTLED = ("succeeded", "failed", "canceled", "requires_action", "pending")


@control.post("/payments")
def add_payments() -> tuple[Response, int]:
    """One payment, or `payments`; a name that is known already stays as it is."""
    wanted = _body()
    payments = [registration.read_payment(one) for one in wanted.get("payments", [wanted])]
    with the_bank().database.writing() as connection:
        for payment in payments:
            registration.register(connection, payment)
        shown = [registration.shown(connection, one.payment.id) for one in payments]
    return jsonify(shown), 201


@control.get("/payments/<name>")
def get_payment(name: str) -> Response:
    with the_bank().database.reading() as connection:
        return jsonify(registration.shown(connection, name))


@control.post("/payments/<name>/refunds")
def refund_elsewhere(name: str) -> tuple[Response, int]:
    """A refund that another party makes: the shop's own plug-in, or a person in the bank's back-office.

    The same `key` gives the same refund again. More than what is left is refused with 409.
    """
    wanted = _body()
    with the_bank().database.writing() as connection:
        payment = find_payment(connection, name)
        if payment is None:
            raise ValueError(f"There is no payment {name}.")
        known = [refund for refund in refunds(connection, payment.id) if refund.key == wanted.get("key")]
        if known and wanted.get("key"):
            return jsonify(known[0].as_json()), 200
        amount = int(wanted["amount"])
        if not 0 < amount <= payment.captured - refunded(connection, payment.id):
            return jsonify({"message": "More than what is left."}), 409
        made = [
            add_refund(connection, _elsewhere(payment, item_id, part, wanted))
            for item_id, part in spread(connection, payment, amount)
        ]
    return jsonify(made[0].as_json()), 201


@control.get("/refunds")
def list_refunds() -> Response:
    """Every movement of money back, oldest first: the final judge of tests."""
    with the_bank().database.reading() as connection:
        found = refunds(connection, request.args.get("payment"))
    return jsonify([refund.as_json() for refund in reversed(found)])


@control.post("/refunds/<refund_id>/settle")
def settle(refund_id: str) -> Response:
    wanted = _body()
    status = wanted.get("status", "succeeded")
    if status not in SETTLED:
        raise ValueError(f"status is one of {', '.join(SETTLED)}.")
    with the_bank().database.reading() as connection:
        refund = find_refund(connection, refund_id)
    if refund is None:
        raise ValueError(f"There is no refund {refund_id}.")
    reason = wanted.get("failure_reason") or (FAILURE if status == "failed" else None)
    return jsonify(the_bank().events.settle(refund, status, reason).as_json())


@control.get("/webhooks")
def list_endpoints() -> Response:
    return jsonify(the_bank().events.endpoints())


@control.post("/webhooks")
def add_endpoint() -> tuple[Response, int]:
    wanted = _body()
    url, secret = str(wanted.get("url")), str(wanted.get("secret") or f"whsec_{secrets.token_hex(16)}")
    if not is_loopback(url):
        raise ValueError("url must be an http address on this machine.")
    return jsonify({"id": the_bank().events.add_endpoint(url, secret), "url": url, "secret": secret}), 201


@control.delete("/webhooks/<int:endpoint_id>")
def remove_endpoint(endpoint_id: int) -> tuple[str, int]:
    the_bank().events.remove_endpoint(endpoint_id)
    return "", 204


@control.post("/webhooks/release")
def release() -> Response:
    return jsonify({"sent": the_bank().events.outbox.release()})


def _elsewhere(payment: Payment, item_id: str | None, amount: int, wanted: dict[str, Any]) -> Refund:
    return Refund(
        id=new_id("re" if payment.dialect == "stripe" else "host"),
        payment_id=payment.id,
        item_id=item_id,
        amount=amount,
        currency=payment.currency,
        status="succeeded",
        via="elsewhere",
        key=wanted.get("key"),
        reference=str(wanted.get("reference") or ""),
    )


def _body() -> dict[str, Any]:
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise ValueError("The body must be a JSON object.")
    return given
