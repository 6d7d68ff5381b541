"""Reject… in the bulk bar of the cancellations: many plans for one reason, the number to type, a verdict each."""

import uuid
from collections.abc import Sequence

from flask import Response, request, url_for
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, current_staff, requires
from webapp.core.db import db
from webapp.operations.watching import watch
from webapp.orders.forms.deciding import RejectManyForm
from webapp.orders.queries.plan_queue import QueueRow
from webapp.orders.service.cancellation.bulk import MOST_AT_ONCE, reject_many
from webapp.orders.views.acting import authority, money_act
from webapp.orders.views.cancellations.blueprint import blueprint
from webapp.orders.views.cancellations.queue import chosen_rows, filter_words, lines_of, subjects, whole_list
from webapp.orders.views.many import shown
from webapp.ui.htmx import redirect, toast
from webapp.ui.i18n import gettext


@blueprint.post("/reject/ask")
@requires(Permission.CANCEL_APPROVE)
def ask_reject() -> Response:
    """Which plans, why, and the count to type; changes nothing."""
    session = db.session()
    rows = chosen_rows(session)
    form = RejectManyForm.fresh(whole_list=whole_list())
    form.expected.data = str(len(rows))
    return _shown(session, form, rows)


@blueprint.post("/reject")
@requires(Permission.CANCEL_APPROVE)
def reject() -> Response:
    """Have all of them rejected by an operation, once the number of them was typed."""
    session = db.session()
    form, rows = RejectManyForm(), chosen_rows(session)
    if not form.is_confirmed(len(rows)):
        form.expected.data = str(len(rows))
        return _shown(session, form, rows, status=422)
    with money_act("cancellation.reject_many.asked", ("staff", current_staff().id), None) as unit:
        operation, _ = reject_many(
            unit, subjects(rows), form.words.data, authority(), submission=uuid.UUID(form.submission.data)
        )
        watch(operation)
        key = operation.id
    told = gettext("Rejecting %(count)s plans, one after the other.", count=len(rows))
    return toast(redirect(url_for("operations.show", operation_id=key)), told)


def _shown(
    session: Session, form: RejectManyForm, rows: Sequence[QueueRow], *, status: int = 200
) -> Response:
    return shown(
        "cancellations/_reject_many.html",
        form,
        total=len(rows),
        most=MOST_AT_ONCE,
        page="cancellations/part.html",
        status=status,
        lines=lines_of(session, rows),
        filter_words=filter_words(request.form),
    )
