"""Cancel… in the bulk bar: everything that is live of many orders, one plan and one verdict each."""

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from flask import Response, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, channel_scope, current_staff, requires
from webapp.core.db import db
from webapp.core.errors import InvalidInput
from webapp.core.worklist import Subject
from webapp.operations.watching import watch
from webapp.orders.cancellation import CancelRequest, ReasonChoice, Severity
from webapp.orders.enums import PlanKind
from webapp.orders.forms.cancelling import Reason
from webapp.orders.forms.deciding import CancelManyForm
from webapp.orders.models import Order
from webapp.orders.queries import cancelling as queries
from webapp.orders.queries import chosen
from webapp.orders.service.cancellation.bulk import MOST_AT_ONCE, cancel_many
from webapp.orders.service.cancellation.opening import diagnose
from webapp.orders.views.acting import authority, money_act
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.chosen import filter_words
from webapp.orders.views.list import asked_list, statistics_of
from webapp.ui.htmx import is_htmx, redirect, toast
from webapp.ui.i18n import gettext

PREVIEWED: Final = 50  # orders whose plans are drafted for the dialog: some 10 ms each


class Preview(NamedTuple):
    """What the plans would pay back by currency, and how many orders have nothing to cancel or need a look."""

    sums: Sequence[tuple[str, Decimal]]
    refused: int


@blueprint.post("/cancel-many/ask")
@requires(Permission.CANCEL_OPEN)
def ask_cancel_many() -> Response:
    """Which orders, why, and the count to type; changes nothing."""
    session = db.session()
    form = _form(session, fresh=True)
    rows = _rows(session)
    form.expected.data = str(len(rows))
    return _shown(session, form, rows)


@blueprint.post("/cancel-many")
@requires(Permission.CANCEL_OPEN)
def open_many() -> Response:
    """Have a plan opened for each by an operation, once the number of them was typed."""
    session = db.session()
    form = _form(session)
    rows = _rows(session)
    if not form.is_confirmed(len(rows)):
        form.expected.data = str(len(rows))
        return _shown(session, form, rows, status=422)
    try:
        with money_act("cancellation.open_many.asked", ("staff", current_staff().id), None) as unit:
            operation, _ = cancel_many(
                unit,
                [Subject(row.id, row.id) for row in rows],
                form.chosen(),
                authority(),
                submission=uuid.UUID(form.submission.data),
                words=form.words(),
            )
            watch(operation)
            key = operation.id
    except InvalidInput as refused:
        form.refuse(refused.fields, refused.message)
        return _shown(db.session(), form, rows, status=422)
    told = gettext("Opening plans for %(count)s orders, one after the other.", count=len(rows))
    return toast(redirect(url_for("operations.show", operation_id=key)), told)


def _form(session: Session, *, fresh: bool = False) -> CancelManyForm:
    reasons = [
        Reason(each.id, PlanKind(each.plan_kind), each.name, each.needs_text)
        for each in queries.active_reasons(session)
    ]
    whole_list = request.form.get("all_matching") == "1"
    form = CancelManyForm.fresh(whole_list=whole_list) if fresh else CancelManyForm()
    form.offer(reasons)
    return form


def _rows(session: Session) -> Sequence[Any]:
    """The ticked orders, or all that the list's filter finds now: the form carries the filter, not ids."""
    scope = channel_scope()
    if request.form.get("all_matching") != "1":
        ids = sorted({number for number in request.form.getlist("id", type=int) if number > 0})
        return chosen.orders_of(session, ids[: MOST_AT_ONCE + 1], scope)
    wanted = asked_list(session, request.form).wanted
    query = chosen.matching_orders(wanted, scope, statistics_of(session))
    found = [] if query is None else session.scalars(query.limit(MOST_AT_ONCE + 1)).all()
    return chosen.orders_of(session, found, scope)


def _shown(session: Session, form: CancelManyForm, rows: Sequence[Any], *, status: int = 200) -> Response:
    fragment = "orders/_cancel_many.html"
    page = fragment if is_htmx() else "cancellations/part.html"
    context = {
        "form": form,
        "rows": rows,
        "preview": _preview(session, form, rows) if len(rows) <= PREVIEWED else None,
        "is_too_long": len(rows) > MOST_AT_ONCE,
        "most": MOST_AT_ONCE,
        "filter_words": filter_words(
            *(f"reason{word}_{kind.value}" for kind in PlanKind for word in ("", "_text"))
        ),
        "in_dialog": is_htmx(),
    }
    return make_response(render_template(page, fragment=fragment, **context), status)


def _preview(session: Session, form: CancelManyForm, rows: Sequence[Any]) -> Preview:
    reasons = form.chosen()
    request_all = CancelRequest(
        is_all=True,
        reasons=tuple(
            ReasonChoice(reasons.get(kind, 0), kind)
            for kind in PlanKind  # Which reason it is, and its words, change no figure.
        ),
    )
    sums: dict[str, Decimal] = {}
    refused = 0
    for row in rows:
        draft = diagnose(session, session.get_one(Order, row.id), request_all)
        if any(problem.severity is Severity.OPENING for problem in draft.problems):
            refused += 1
            continue
        moves = sum((plan.owed + plan.released for plan in draft.plans), Decimal(0))
        sums[row.currency] = sums.get(row.currency, Decimal(0)) + moves
    return Preview(sorted(sums.items()), refused)
