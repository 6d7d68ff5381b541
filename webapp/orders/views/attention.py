"""Attention: one page with all that no rule may decide alone, and closing what has been looked into."""

from typing import Any, Final

from flask import Blueprint, Response, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, NotFound
from webapp.core.text import N_
from webapp.orders.enums import ActionKind, AttentionKind, OrderStatus, RefundState
from webapp.orders.forms.closing import ClosingForm
from webapp.orders.queries import attention as queries
from webapp.orders.queries import plan_queue
from webapp.orders.service.attention import close_attention
from webapp.orders.views.badges import keep_badges
from webapp.orders.views.shown import worded
from webapp.ui.htmx import close_dialog, is_htmx, redirect, render, toast, trigger
from webapp.ui.i18n import gettext
from webapp.ui.tables import PAGE_SIZE, decode_cursor, page_of

SORT: Final = "raised"

blueprint = Blueprint("attention", __name__, url_prefix="/attention")


@blueprint.get("/")
@requires(Permission.ORDERS_VIEW)
def index() -> Response:
    """Everything that waits for somebody."""
    return render("attention/index.html", "attention/_all.html", **index_ctx(db.session()))


def index_ctx(session: Session) -> dict[str, Any]:
    """Each area with its count and its first rows."""
    scope, now = channel_scope(), utc_now()
    after = decode_cursor(request.args.get("after"), SORT, (int,))
    before_id = int(str(after[0])) if after else None
    rows = queries.entries(session, scope, before_id=before_id, limit=PAGE_SIZE + 1)
    counts = queries.counts(session, scope, now)
    queue = plan_queue.count_queue(session, scope)
    keep_badges(urgent=counts.urgent, undecided=queue.undecided)
    return {
        "counts": counts,
        "queue": queue,
        "tab": plan_queue.QueueTab,
        "page": page_of(rows, sort=SORT, key=lambda row: (row.id,), after=after),
        "refunds": queries.refunds(session, scope) if counts.refunds else (),
        "pushes": queries.pushes(session, scope) if counts.pushes else (),
        "records": queries.failed_records(session, scope) if counts.records else (),
        "late": queries.late_orders(session, scope, now) if counts.late else (),
        "kind_label": lambda kind: worded(AttentionKind, kind),
        "action_label": lambda kind: worded(ActionKind, kind),
        "refund_state": RefundState,
        "order_status": OrderStatus,
    }


@blueprint.get("/<int:attention_id>/close")
@requires(Permission.ORDERS_VIEW)
def ask_close(attention_id: int) -> Response:
    """What was found out?"""
    return _form(attention_id, ClosingForm(formdata=None))


@blueprint.post("/<int:attention_id>/close")
@requires(Permission.ORDERS_VIEW)
def close(attention_id: int) -> Response:
    """Take the entry off the page, with words."""
    entry = _entry(attention_id)
    form = ClosingForm()
    if not form.validate():
        return _form(attention_id, form, status=422)
    try:
        with unit_of_work() as session:
            close_attention(session, attention_id, audit_context(), words=form.words.data)
    except Conflict as refused:
        return _form(attention_id, form, status=409, notice=gettext(refused.message))
    told = gettext("Closed: %(what)s.", what=worded(AttentionKind, entry.kind))
    if not is_htmx():
        return toast(redirect(url_for(".index")), told)
    response = trigger(make_response("", 204), "attention:changed", "order:changed")
    return close_dialog(toast(response, told))


def _entry(attention_id: int) -> Any:
    entry = queries.entry(db.session(), attention_id, channel_scope())
    if entry is None:
        raise NotFound(N_("There is no such entry."))
    return entry


def _form(attention_id: int, form: ClosingForm, *, status: int = 200, notice: str = "") -> Response:
    fragment = "attention/_close.html"
    page = fragment if is_htmx() else "attention/part.html"
    context = {"entry": _entry(attention_id), "form": form, "notice": notice, "in_dialog": is_htmx()}
    label = worded(AttentionKind, context["entry"].kind)
    return make_response(render_template(page, fragment=fragment, label=label, **context), status)
