"""Cancel… in the bulk bar: everything that is live of many orders, one plan and one verdict each."""

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from flask import Response, request, url_for
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, current_staff, requires
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
from webapp.orders.service.cancellation.bulk import MOST_AT_ONCE, cancel_many
from webapp.orders.service.cancellation.opening import diagnose
from webapp.orders.views.acting import authority, money_act
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.chosen import filter_words
from webapp.orders.views.many import chosen_rows, shown
from webapp.ui.htmx import redirect, toast
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
    rows = chosen_rows(session, MOST_AT_ONCE)
    form.expected.data = str(len(rows))
    return _shown(session, form, rows)


@blueprint.post("/cancel-many")
@requires(Permission.CANCEL_OPEN)
def open_many() -> Response:
    """Have a plan opened for each by an operation, once the number of them was typed."""
    session = db.session()
    form = _form(session)
    rows = chosen_rows(session, MOST_AT_ONCE)
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


def _shown(session: Session, form: CancelManyForm, rows: Sequence[Any], *, status: int = 200) -> Response:
    own = (f"reason{word}_{kind.value}" for kind in PlanKind for word in ("", "_text"))
    return shown(
        "orders/_cancel_many.html",
        form,
        total=len(rows),
        most=MOST_AT_ONCE,
        status=status,
        rows=rows,
        preview=_preview(session, form, rows) if len(rows) <= PREVIEWED else None,
        filter_words=filter_words(*own),
    )


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
