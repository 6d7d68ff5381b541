"""Refunds that a person carries out: with evidence, or by a transfer whose account must be known."""

import uuid
from datetime import datetime
from typing import Any, Final, cast

from flask import Response, request, url_for
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, channel_scope, requires
from webapp.core.db import db
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.money import in_words
from webapp.core.text import N_
from webapp.orders.enums import RefundWay
from webapp.orders.forms.finance import PayeeForm, ReturnedForm
from webapp.orders.queries import finance as queries
from webapp.orders.queries.cancelling import visible_order
from webapp.orders.service.refunds.transferred import name_payee, return_transfer
from webapp.orders.views.acting import authority, money_act
from webapp.orders.views.finance.blueprint import blueprint, dialog, done, tabs
from webapp.payments.models import Refund
from webapp.ui.filters import ChoicePill, Option, read_choices
from webapp.ui.htmx import render
from webapp.ui.i18n import gettext
from webapp.ui.tables import PAGE_SIZE, decode_cursor, page_of

SORT: Final = "oldest"
WAYS: Final = (RefundWay.TRANSFER, RefundWay.LOYALTY, RefundWay.STORE, RefundWay.MANUAL, RefundWay.GATEWAY)


@blueprint.get("/refunds")
@requires(Permission.REFUND_MANUAL)
def by_hand() -> Response:
    """What waits for a person, the oldest first."""
    return render("finance/by_hand.html", "finance/_by_hand.html", **by_hand_ctx(db.session()))


def by_hand_ctx(session: Session) -> dict[str, Any]:
    """One page of it."""
    chosen = read_choices(request.args, "way", [way.value for way in WAYS])
    after = _after()
    rows = queries.by_hand(
        session,
        channel_scope(),
        RefundWay(chosen[0]) if len(chosen) == 1 else None,
        after=after,
        limit=PAGE_SIZE + 1,
    )
    pill = ChoicePill("way", gettext("How"), [Option(way.value, gettext(way.label)) for way in WAYS], chosen)
    return {
        "page": page_of(rows, sort=SORT, key=lambda row: (row.created_at, str(row.id)), after=after),
        "pills": [pill],
        "tabs": tabs("finance.by_hand"),
        "ways": RefundWay,
    }


@blueprint.get("/refunds/<uuid:refund_id>/payee")
@requires(Permission.REFUND_MANUAL)
def ask_payee(refund_id: uuid.UUID) -> Response:
    """Where does this transfer go?"""
    return _payee_form(_refund(db.session(), refund_id), PayeeForm(formdata=None))


@blueprint.post("/refunds/<uuid:refund_id>/payee")
@requires(Permission.REFUND_MANUAL)
def enter_payee(refund_id: uuid.UUID) -> Response:
    """Enter or correct the account; nothing typed is lost when it is wrong."""
    refund = _refund(db.session(), refund_id)
    form = PayeeForm()
    if not form.validate():
        return _payee_form(refund, form, status=422)
    try:
        with money_act("refund.payee_named", ("refund", refund_id), refund.order_id) as unit:
            name_payee(unit, refund_id, authority(), iban=form.iban.data, holder_name=form.holder_name.data)
    except InvalidInput as refused:
        for name, sentences in refused.fields.items():
            form[name].errors = [gettext(sentences[0])]
        return _payee_form(_refund(db.session(), refund_id), form, status=422)
    except Conflict as refused:
        notice = gettext(refused.message)
        return _payee_form(_refund(db.session(), refund_id), form, status=409, notice=notice)
    return done(url_for(".by_hand"), gettext("The account is entered; the transfer can be gathered."))


@blueprint.get("/refunds/<uuid:refund_id>/returned")
@requires(Permission.REFUND_MANUAL)
def ask_returned(refund_id: uuid.UUID) -> Response:
    """What did the bank say?"""
    return _returned_form(_refund(db.session(), refund_id), ReturnedForm(formdata=None))


@blueprint.post("/refunds/<uuid:refund_id>/returned")
@requires(Permission.REFUND_MANUAL)
def enter_returned(refund_id: uuid.UUID) -> Response:
    """The bank did not pay this transfer, or it came back."""
    refund = _refund(db.session(), refund_id)
    form = ReturnedForm()
    if not form.validate():
        return _returned_form(refund, form, status=422)
    amount, batch_id = in_words(refund.amount, refund.currency), refund.transfer_batch_id
    try:
        with money_act("refund.returned", ("refund", refund_id), refund.order_id) as unit:
            return_transfer(unit, refund_id, authority(), words=form.words.data)
    except Conflict as refused:
        notice = gettext(refused.message)
        return _returned_form(_refund(db.session(), refund_id), form, status=409, notice=notice)
    url = url_for(".by_hand") if batch_id is None else url_for(".batch", batch_id=batch_id)
    return done(url, gettext("The transfer of %(amount)s came back; it can be tried again.", amount=amount))


def _refund(session: Session, refund_id: uuid.UUID) -> Refund:
    session.rollback()
    refund = session.get(Refund, refund_id)
    if refund is None:
        raise NotFound(N_("There is no such refund."))
    visible_order(session, refund.order_id, channel_scope())
    return refund


def _payee_form(refund: Refund, form: PayeeForm, *, status: int = 200, notice: str = "") -> Response:
    return dialog("finance/_payee.html", status=status, refund=refund, form=form, notice=notice)


def _returned_form(refund: Refund, form: ReturnedForm, *, status: int = 200, notice: str = "") -> Response:
    return dialog("finance/_returned.html", status=status, refund=refund, form=form, notice=notice)


def _after() -> queries.Place | None:
    values = decode_cursor(request.args.get("after"), SORT, (datetime, str))
    if values is None:
        return None
    try:
        return cast(datetime, values[0]), uuid.UUID(str(values[1]))
    except ValueError:
        return None
