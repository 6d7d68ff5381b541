"""Cancellations: the list of all that has to be decided, checked or paid, and approving many at once."""

import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from flask import Response, request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from webapp.auth.permissions import Permission, can, channel_scope, current_staff, requires
from webapp.auth.roles import Role
from webapp.channels.queries import channel_names
from webapp.core.db import db
from webapp.core.errors import NotFound
from webapp.core.text import N_
from webapp.core.worklist import Subject
from webapp.operations.watching import watch
from webapp.orders.cancellation import needs_second_person
from webapp.orders.enums import CancelStatus, PlanKind
from webapp.orders.forms.deciding import ConfirmManyForm
from webapp.orders.models import CancellationPlan
from webapp.orders.queries import plan_queue
from webapp.orders.queries.cancelling import visible_order
from webapp.orders.queries.plan_queue import QueueFilter, QueueRow, QueueTab
from webapp.orders.queries.plans import group_of
from webapp.orders.service.approval_limits import approval_limits
from webapp.orders.service.cancellation.bulk import MOST_AT_ONCE, approve_many
from webapp.orders.views.acting import authority, money_act
from webapp.orders.views.cancellations.blueprint import blueprint
from webapp.orders.views.cancellations.tabs import tabs
from webapp.orders.views.many import shown
from webapp.orders.views.plan_words import group_words
from webapp.ui.filters import ChoicePill, Option, Pill, Query, kept_choice, read_choices
from webapp.ui.htmx import redirect, render, toast
from webapp.ui.i18n import gettext
from webapp.ui.tables import PAGE_SIZE, Page, decode_cursor, page_of

SORT: Final = "waiting"
BY_ME, BY_OTHERS = "me", "others"


class Line(NamedTuple):
    """A row of the list in words; `can_pick`: the reader may approve it."""

    row: QueueRow
    kinds: str
    status: CancelStatus
    needs_other: bool
    can_pick: bool

    @property
    def named(self) -> str:
        """The plan and the version that the reader sees, as `_ticked` reads them."""
        return f"{self.row.id}:{self.row.version}"


@blueprint.get("/")
@requires(Permission.ORDERS_VIEW)
def index() -> Response:
    """The list with its tabs and filters."""
    return render("cancellations/index.html", "cancellations/_list.html", **index_ctx(db.session()))


def index_ctx(session: Session) -> dict[str, Any]:
    """One page of the list that the URL names."""
    wanted, pills = _read_filter(session, request.args)
    after = decode_cursor(request.args.get("after"), SORT, (int,))
    scope = channel_scope()
    rows = plan_queue.queue(
        session, wanted, scope, after_id=int(str(after[0])) if after else None, limit=PAGE_SIZE + 1
    )
    page = page_of(rows, sort=SORT, key=lambda row: (row.id,), after=after)
    counts = plan_queue.count_queue(session, scope)
    return {
        "page": Page(lines_of(session, page.rows), page.next_after, page.is_first),
        "pills": pills,
        "tab": wanted.tab,
        "tabs": tabs(counts, wanted.tab),
        "total": counts.plans.get(wanted.tab),
        "channels": channel_names(session, scope),
        "may_approve": can(Permission.CANCEL_APPROVE) and wanted.tab is QueueTab.APPROVAL,
        "filter_words": filter_words(request.args),
    }


@blueprint.get("/<int:plan_id>/peek")
@requires(Permission.ORDERS_VIEW)
def peek(plan_id: int) -> Response:
    """The plans of one action as they open under its row."""
    session = db.session()
    plan = session.get(CancellationPlan, plan_id)
    if plan is None:
        raise NotFound(N_("There is no such cancellation plan."))
    order = visible_order(session, plan.order_id, channel_scope())
    words = group_words(session, group_of(session, plan.id), order.currency)
    return render("cancellations/part.html", "cancellations/_peek.html", order=order, words=words, plan=plan)


@blueprint.post("/approve/ask")
@requires(Permission.CANCEL_APPROVE)
def ask_approve() -> Response:
    """Which plans, how much money, and the count to type; changes nothing."""
    session = db.session()
    form = ConfirmManyForm.fresh(whole_list=whole_list())
    rows = chosen_rows(session)
    form.expected.data = str(len(rows))
    return _approve_form(session, form, rows)


@blueprint.post("/approve")
@requires(Permission.CANCEL_APPROVE)
def approve() -> Response:
    """Have all of them approved by an operation, once the number of them was typed."""
    session = db.session()
    form = ConfirmManyForm()
    rows = chosen_rows(session)
    if not form.is_confirmed(len(rows)):
        form.expected.data = str(len(rows))
        return _approve_form(session, form, rows, status=422)
    with money_act("cancellation.approve_many.asked", ("staff", current_staff().id), None) as unit:
        operation, _ = approve_many(
            unit, subjects(rows), authority(), submission=uuid.UUID(form.submission.data)
        )
        watch(operation)
        key = operation.id
    told = gettext("Approving %(count)s plans, one after the other.", count=len(rows))
    return toast(redirect(url_for("operations.show", operation_id=key)), told)


def _approve_form(
    session: Session, form: ConfirmManyForm, rows: Sequence[QueueRow], *, status: int = 200
) -> Response:
    lines = lines_of(session, rows)
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.row.currency] = sums.get(line.row.currency, Decimal(0)) + line.row.moves
    return shown(
        "cancellations/_approve_many.html",
        form,
        total=len(lines),
        most=MOST_AT_ONCE,
        page="cancellations/part.html",
        status=status,
        lines=lines,
        sums=sorted(sums.items()),
        refused=sum(1 for line in lines if line.needs_other),
        filter_words=filter_words(request.form),
    )


def whole_list() -> bool:
    return request.form.get("all_matching") == "1"


def chosen_rows(session: Session) -> Sequence[QueueRow]:
    """The ticked rows, or all that the list's filter finds now: it is the filter that the form carries, not ids."""
    scope = channel_scope()
    if whole_list():
        wanted, _ = _read_filter(session, request.form)
        ids = plan_queue.matching(session, wanted, scope, most=MOST_AT_ONCE)
        return plan_queue.chosen(session, ids, scope)
    return plan_queue.chosen(session, list(_ticked()), scope)


def _ticked() -> dict[int, int]:
    """The ticked plans with the version that the reader saw: `plan=17:3`."""
    found: dict[int, int] = {}
    for word in request.form.getlist("plan"):
        plan_id, _, version = word.partition(":")
        if all(part.isascii() and part.isdigit() and len(part) < 19 for part in (plan_id, version)):
            found[int(plan_id)] = int(version)
    return found


def subjects(rows: Sequence[QueueRow]) -> list[Subject]:
    seen = {} if whole_list() else _ticked()
    return [Subject(row.id, row.order_id, seen.get(row.id, row.version)) for row in rows]


def lines_of(session: Session, rows: Sequence[QueueRow]) -> list[Line]:
    limits = approval_limits(session)
    decides = can(Permission.CANCEL_APPROVE)
    return [_line(row, limits, decides=decides) for row in rows]


def _line(row: QueueRow, limits: Mapping[tuple[Role, str], Decimal], *, decides: bool) -> Line:
    staff = current_staff()
    status = CancelStatus(row.status)
    is_open = status in QueueTab.APPROVAL.statuses
    limit = limits.get((staff.role, row.currency))
    needs_other = is_open and staff.id in row.openers and needs_second_person(row.moves, limit)
    kinds = " + ".join(gettext(PlanKind(kind).label) for kind in sorted(set(row.kinds)))
    return Line(row, kinds, status, needs_other, can_pick=decides and is_open and not needs_other)


def _read_filter(session: Session, query: Query) -> tuple[QueueFilter, list[Pill]]:
    names = channel_names(session, channel_scope())
    tab = QueueTab(query["tab"]) if query.get("tab") in set(QueueTab) else QueueTab.APPROVAL
    offered = [Option(str(key), name) for key, name in names.items()]
    channel = kept_choice(query, "channel", gettext("Channel"), offered)
    kinds = read_choices(query, "kind", [kind.value for kind in PlanKind])
    opened = read_choices(query, "opened", [BY_ME, BY_OTHERS])
    me = current_staff().id
    wanted = QueueFilter(
        tab=tab,
        channels=tuple(map(int, channel.chosen)),
        kinds=tuple(map(PlanKind, kinds)),
        opened_by_id=me if opened == (BY_ME,) else None,
        not_opened_by_id=me if opened == (BY_OTHERS,) else None,
    )
    return wanted, [
        channel,
        ChoicePill(
            "kind", gettext("Kind"), [Option(kind.value, gettext(kind.label)) for kind in PlanKind], kinds
        ),
        ChoicePill(
            "opened",
            gettext("Opened"),
            [Option(BY_ME, gettext("by me")), Option(BY_OTHERS, gettext("by others"))],
            opened,
        ),
    ]


def filter_words(query: MultiDict[str, str]) -> list[tuple[str, str]]:
    """The words of the filter, as a form carries them."""
    names = ("tab", "channel", "kind", "opened")
    return [(name, value) for name in names for value in query.getlist(name)[:50]]
