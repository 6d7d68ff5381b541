"""The banks' own lists against our ledger: comparing now, and closing what differs with words."""

from typing import Any, Final

from flask import Response, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, current_staff, requires
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, NotFound
from webapp.core.operations import create
from webapp.core.text import N_
from webapp.operations.queries import bare_line
from webapp.operations.shown import shown
from webapp.operations.watching import watch
from webapp.orders.forms.closing import ClosingForm
from webapp.orders.queries import finance as queries
from webapp.orders.service.refunds.reconcile import close_break, reconciliation_of
from webapp.orders.views.acting import authority, money_act
from webapp.orders.views.finance.blueprint import all_channels, blueprint, dialog, done, tabs
from webapp.payments.models import ReconciliationBreak
from webapp.payments.reconciling import BreakKind
from webapp.ui.htmx import redirect, render, toast
from webapp.ui.tables import PAGE_SIZE, decode_cursor, page_of

SORT: Final = "found"
CLOSED: Final = "closed"
KINDS: Final = {
    BreakKind.MISSING_HERE: N_("The bank paid back what we do not know of"),
    BreakKind.MISSING_THERE: N_("We booked what the bank does not know of"),
    BreakKind.AMOUNT: N_("Other amount"),
    BreakKind.CURRENCY: N_("Other currency"),
    BreakKind.DOUBLE: N_("Paid back twice"),
}


@blueprint.get("/reconciliation")
@requires(Permission.REFUND_RECONCILE)
def reconciliation() -> Response:
    """Every account with its last comparison, and the differences that nobody has closed."""
    all_channels()
    context = reconciliation_ctx(db.session())
    return render("finance/reconciliation.html", "finance/_reconciliation.html", **context)


def reconciliation_ctx(session: Session) -> dict[str, Any]:
    """One page of differences."""
    closed = request.args.get("show") == CLOSED
    sort = CLOSED if closed else SORT
    after = decode_cursor(request.args.get("after"), sort, (int,))
    rows = queries.breaks(
        session, closed=closed, after_id=int(str(after[0])) if after else None, limit=PAGE_SIZE + 1
    )
    accounts = queries.compared(session)
    runs = {each.gateway: shown(bare_line(each.operation)) for each in accounts if each.operation}
    return {
        "accounts": accounts,
        "runs": runs,
        "is_live": any(run.operation.is_open for run in runs.values()),
        "page": page_of(rows, sort=sort, key=lambda row: (row.ReconciliationBreak.id,), after=after),
        "closed": closed,
        "kinds": {kind.value: gettext(words) for kind, words in KINDS.items()},
        "tabs": tabs("finance.reconciliation"),
    }


@blueprint.post("/reconciliation")
@requires(Permission.REFUND_RECONCILE)
def reconcile_now() -> Response:
    """Compare one account's list now; a second click joins the comparison that runs."""
    all_channels()
    gateway = request.form.get("gateway", "")
    if gateway not in {each.gateway for each in queries.compared(db.session())}:
        raise NotFound(N_("There is no such payment account."))
    with unit_of_work() as session:
        operation, _ = create(session, reconciliation_of(gateway, by=current_staff().id))
        watch(operation)
    told = gettext("Comparing the list of %(gateway)s with our ledger.", gateway=gateway)
    return toast(redirect(url_for(".reconciliation")), told)


@blueprint.get("/reconciliation/<int:break_id>/close")
@requires(Permission.REFUND_RECONCILE)
def ask_close_break(break_id: int) -> Response:
    """What was it?"""
    all_channels()
    return _form(break_id, ClosingForm(formdata=None))


@blueprint.post("/reconciliation/<int:break_id>/close")
@requires(Permission.REFUND_RECONCILE)
def close_difference(break_id: int) -> Response:
    """A person has found out and says what it was."""
    all_channels()
    _break(break_id)
    form = ClosingForm()
    if not form.validate():
        return _form(break_id, form, status=422)
    try:
        with money_act("reconciliation_break.closed", ("reconciliation_break", break_id), None) as unit:
            close_break(unit, break_id, authority(), words=form.words.data)
    except Conflict as refused:
        return _form(break_id, form, status=409, notice=gettext(refused.message))
    return done(url_for(".reconciliation"), gettext("The difference is closed."))


def _break(break_id: int) -> ReconciliationBreak:
    session = db.session()
    session.rollback()
    found = session.get(ReconciliationBreak, break_id)
    if found is None:
        raise NotFound(N_("There is no such difference."))
    return found


def _form(break_id: int, form: ClosingForm, *, status: int = 200, notice: str = "") -> Response:
    found = _break(break_id)
    kind = gettext(KINDS[BreakKind(found.kind)])
    return dialog("finance/_close_break.html", status=status, each=found, kind=kind, form=form, notice=notice)
