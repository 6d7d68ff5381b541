"""Background work of payments: each takes a key, reloads, calls a gateway, and is safe to run twice."""

from typing import Final

from flask import current_app

from webapp.core.db import unit_of_work
from webapp.core.errors import PaymentError
from webapp.core.hints import Handler
from webapp.core.operations import OperationRun
from webapp.payments.gateway import Gateways
from webapp.payments.history import (
    KIND,
    ToldPayment,
    as_result,
    askable,
    keep_basket,
    not_told,
    our_references,
    told_by,
)
from webapp.payments.models import Transaction


def tell_history(run: OperationRun) -> None:
    """Ask each gateway about the order's payments, with no transaction open, and keep what they say."""
    gateways: Gateways = current_app.extensions["kontor_gateways"]
    with unit_of_work() as session:
        payments = [
            (payment.id, str(payment.gateway), str(payment.gateway_ref))
            for payment in askable(session, int(run.args["order_id"]))
        ]
    told = []
    for done, (payment_id, gateway, payment_ref) in enumerate(payments, start=1):
        told.append(_ask(gateways, payment_id, gateway, payment_ref))
        with unit_of_work() as session:
            run.fence(session, done=done, total=len(payments))
    with unit_of_work() as session:
        run.finish(session, as_result(told))


def _ask(gateways: Gateways, payment_id: int, gateway_name: str, payment_ref: str) -> ToldPayment:
    """One payment; what cannot be asked holds up none of the others."""
    try:
        history = gateways(gateway_name).history(payment_ref)
    except PaymentError as error:
        return not_told(payment_id, gateway_name, error)
    with unit_of_work() as session:
        keep_basket(session.get_one(Transaction, payment_id, with_for_update=True), history.items)
        return told_by(payment_id, gateway_name, history, our_references(session, payment_id))


HANDLERS: Final[dict[str, Handler]] = {KIND: tell_history}
