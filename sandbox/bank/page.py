"""The bank's control page at `/`: payments, every refund with its references, faults and switches."""

from decimal import Decimal

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from sandbox.bank.events import FAILURE
from sandbox.bank.ledger import Refund, exponent, find_refund, refunds
from sandbox.bank.stripe_api import the_bank
from sandbox.pages import LIST_FAULTS, back, shared_context

SHOWN = 40
page = Blueprint("page", __name__)


@page.get("/")
def show() -> str:
    bank = the_bank()
    with bank.database.reading() as connection:
        newest = refunds(connection)[:SHOWN]
        payments = connection.execute("SELECT count(*) FROM payment").fetchone()[0]
        total = connection.execute("SELECT count(*) FROM refund").fetchone()[0]
    return render_template(
        "bank.html",
        **shared_context(bank.faults, bank.settings, bank.journal, LIST_FAULTS),
        default_path="/v1/refunds",
        refunds=newest,
        refund_count=total,
        payment_count=payments,
        amount=_amount,
    )


@page.post("/do/settle")
def settle() -> Response:
    status = request.form["status"]
    with the_bank().database.reading() as connection:
        refund = find_refund(connection, request.form["id"])
    if refund is None:
        raise ValueError("There is no such refund.")
    the_bank().events.settle(refund, status, FAILURE if status == "failed" else None)
    return back(f"Refund {refund.id} has {status}.")


def _amount(refund: Refund) -> str:
    decimals = exponent(refund.currency)
    return f"{Decimal(refund.amount).scaleb(-decimals):,.{decimals}f} {refund.currency.upper()}"
