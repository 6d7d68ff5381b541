"""Move… in the bulk bar: the ticked orders, or all of the list, to one status; a verdict each."""

import uuid
from collections import Counter

from flask import Response, request, url_for
from sqlalchemy import Select
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, can, requires
from webapp.core.db import db, unit_of_work
from webapp.core.errors import InvalidInput
from webapp.operations.watching import watch
from webapp.orders.enums import LIVE_STATUSES, OrderStatus
from webapp.orders.forms.deciding import MoveManyForm
from webapp.orders.inputs import MoveItems
from webapp.orders.queries import chosen
from webapp.orders.queries.chosen import Standing
from webapp.orders.service.moving_many import MOST_AT_ONCE, move_many
from webapp.orders.states import BACKWARD_ITEM_MOVES, MoveTerms, offered_moves
from webapp.orders.views.blueprint import blueprint
from webapp.orders.views.chosen import chosen_orders, filter_words
from webapp.orders.views.many import shown
from webapp.ui.htmx import redirect, toast
from webapp.ui.i18n import gettext


@blueprint.post("/move-many/ask")
@requires(Permission.ORDERS_CHANGE_STATUS)
def ask_move_many() -> Response:
    """Which orders, where to, and the count to type; changes nothing."""
    session = db.session()
    form = MoveManyForm.fresh(whole_list=request.form.get("all_matching") == "1")
    return _shown(session, form, _standings(session))


@blueprint.post("/move-many")
@requires(Permission.ORDERS_CHANGE_STATUS)
def move_all() -> Response:
    """Have each moved by an operation, once the number of them was typed."""
    session = db.session()
    form, standings = MoveManyForm(), _standings(session)
    form.offer(_targets(standings))
    if not form.is_confirmed(_count(standings)):
        return _shown(session, form, standings, status=422)
    orders = chosen_orders(session, MOST_AT_ONCE)
    move = MoveItems(OrderStatus.from_wire(form.move_to.data), reason=form.move_reason.data or "")
    try:
        _require_reason(standings, move)
        with unit_of_work() as unit:
            operation, _ = move_many(
                unit, orders, move, audit_context(), submission=uuid.UUID(form.submission.data)
            )
            watch(operation)
            key = operation.id
    except InvalidInput as refused:
        form.refuse(refused.fields, refused.message)
        return _shown(db.session(), form, standings, status=422)
    told = gettext("Moving %(count)s orders, one after the other.", count=_count(standings))
    return toast(redirect(url_for("operations.show", operation_id=key)), told)


def _standings(session: Session) -> list[Standing]:
    orders: Select[int] = chosen_orders(session, MOST_AT_ONCE)
    return chosen.standings(session, orders, MOST_AT_ONCE + 1)


def _count(standings: list[Standing]) -> int:
    return sum(each.orders for each in standings)


def _reach(standings: list[Standing]) -> Counter[OrderStatus]:
    """How many of the orders can go to each status as they stand. A return is a deed of its own: 600 is not offered."""
    reach: Counter[OrderStatus] = Counter()
    for each in standings:
        terms = MoveTerms(each.is_pickup, can(Permission.ORDERS_MOVE_BACKWARD), "any", is_paid=True)
        for status in offered_moves(each.statuses, terms):
            reach[status] += each.orders
    return reach


def _targets(standings: list[Standing]) -> list[tuple[str, str]]:
    reach, total = _reach(standings), _count(standings)
    offered = []
    for status in sorted(LIVE_STATUSES & reach.keys()):
        words = gettext(status.label)
        if reach[status] < total:
            words = gettext("%(status)s (%(some)s of %(all)s)", status=words, some=reach[status], all=total)
        offered.append((status.wire, words))
    return offered


def _require_reason(standings: list[Standing], move: MoveItems) -> None:
    goes_back = any(
        BACKWARD_ITEM_MOVES.get(status) is move.target for each in standings for status in each.statuses
    )
    if goes_back and not move.reason:
        words = gettext("Some of them go a step back: say why.")
        raise InvalidInput(words, fields={"move_reason": [words]})


def _shown(session: Session, form: MoveManyForm, standings: list[Standing], *, status: int = 200) -> Response:
    total = _count(standings)
    form.offer(_targets(standings))
    form.expected.data = str(total)
    return shown(
        "orders/_move_many.html",
        form,
        total=total,
        most=MOST_AT_ONCE,
        status=status,
        ids=request.form.getlist("id", type=int)[: MOST_AT_ONCE + 1],
        filter_words=filter_words("move_to", "move_reason"),
    )
