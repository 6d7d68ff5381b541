"""Pages of background work: the list, one operation, and what the top bar shows while something runs."""

import uuid
from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from typing import Any, cast

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, channel_scope, current_staff, requires
from webapp.channels.queries import channel_names
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.core.hints import current_hints
from webapp.core.operations import OperationState
from webapp.core.worklist import Outcome, count_outcomes
from webapp.operations import queries, service, watching
from webapp.operations.queries import Cursor, OperationFilter, Viewer
from webapp.operations.shown import Shown, shown
from webapp.operations.wording import OUTCOMES, STATES, kind_words
from webapp.ui.filters import ChoicePill, FlagPill, Option, Pill, read_choices, read_flag
from webapp.ui.htmx import is_htmx, redirect, render, toast, trigger
from webapp.ui.tables import PAGE_SIZE, decode_cursor, page_of

SORT = "recent"
VERDICTS = "position"
# Told to the page when watched work has ended; lists that it may have changed listen.
ENDED = "operation:ended"
ORDERS_CHANGED = "orders:changed"
NEWS = timedelta(seconds=3)  # A quick pull ends between the click and the bar's first look.

bp = Blueprint("operations", __name__, url_prefix="/operations")


def viewer() -> Viewer:
    """The signed-in person, as lists of operations ask."""
    return Viewer(current_staff().id, channel_scope())


@bp.get("/")
@requires(Permission.OPERATIONS_VIEW)
def index() -> Response:
    """The list with its tabs and filters."""
    return render("operations/index.html", "operations/_list.html", **index_ctx())


def index_ctx() -> dict[str, Any]:
    """What the list shows for this request's query."""
    chosen, pills = _read_filter()
    after = _read_cursor()
    found = queries.operations(db.session(), viewer(), chosen, after=after, limit=PAGE_SIZE + 1)
    page = page_of(
        [shown(line) for line in found],
        sort=SORT,
        key=lambda each: (each.operation.created_at, str(each.operation.id)),
        after=after,
    )
    # Only the newest page changes by itself; an older one that is read must stand still.
    moving = page.is_first and any(each.operation.is_open for each in page.rows)
    return {"page": page, "pills": pills, "tabs": _tabs(chosen.states), "moving": moving}


@bp.get("/<uuid:operation_id>")
@requires(Permission.OPERATIONS_VIEW)
def show(operation_id: uuid.UUID) -> Response:
    """One operation; its fragment asks for itself again while the work is open."""
    return render("operations/show.html", "operations/_operation.html", **show_ctx(operation_id))


def show_ctx(operation_id: uuid.UUID) -> dict[str, Any]:
    """One operation as its page shows it. Raises NotFound."""
    session = db.session()
    return {
        "shown": shown(queries.operation(session, viewer(), operation_id)),
        **_verdicts_ctx(session, operation_id),
    }


@bp.get("/<uuid:operation_id>/verdicts")
@requires(Permission.OPERATIONS_VIEW)
def verdicts(operation_id: uuid.UUID) -> Response:
    """What became of each thing on the operation's list, page by page."""
    session = db.session()
    context = {
        "shown": shown(queries.operation(session, viewer(), operation_id)),
        **_verdicts_ctx(session, operation_id),
    }
    return render("operations/show.html", "operations/_verdicts.html", **context)


def _verdicts_ctx(session: Session, operation_id: uuid.UUID) -> dict[str, Any]:
    """One page of verdicts, refused ones alone when the URL says so; empty for work without a list."""
    counts = count_outcomes(session, operation_id)
    if not any(counts.values()):
        return {"verdicts": None}
    only_refused = request.args.get("show") == Outcome.REFUSED
    outcomes = (Outcome.REFUSED,) if only_refused else tuple(Outcome)
    after = decode_cursor(request.args.get("after"), VERDICTS, (int,))
    found = queries.verdicts(
        session,
        operation_id,
        outcomes,
        after=int(str(after[0])) if after else 0,
        limit=PAGE_SIZE + 1,
    )
    page = page_of(found, sort=VERDICTS, key=lambda row: (row.position,), after=after)
    return {
        "verdicts": page,
        "outcome_words": OUTCOMES,
        "refused": counts[Outcome.REFUSED],
        "judged": sum(counts.values()) - counts[Outcome.WAITING],
        "only_refused": only_refused,
    }


@bp.post("/<uuid:operation_id>/retry")
@requires(Permission.OPERATIONS_RETRY)
def retry(operation_id: uuid.UUID) -> Response:
    """Let a given-up operation run again; answers with its row or its page, whichever asked."""
    with unit_of_work() as session:
        queries.operation(session, viewer(), operation_id)
        service.retry_operation(session, audit_context(), operation_id)
    context = show_ctx(operation_id)
    again = context["shown"]
    if not is_htmx():
        response = redirect(url_for(".show", operation_id=operation_id))
    else:
        fragment = (
            "operations/_row.html" if request.form.get("show") == "row" else "operations/_operation.html"
        )
        response = trigger(make_response(render_template(fragment, **context)), "operations:changed")
    return toast(response, gettext("%(work)s runs again.", work=gettext(again.words.label)))


@bp.get("/live")
@requires(Permission.OPERATIONS_VIEW)
def live() -> Response:
    """The top bar's fragment; it asks again while something is open and then loses its trigger."""
    context = live_ctx({*watching.watched(), *watching.parsed(request.args.getlist("watch"))})
    response = make_response(render_template("operations/_live.html", **context))
    tell_ended(response, context["news"])
    watching.forget([each.operation.id for each in context["ended"]])
    return response


def live_ctx(watched: Set[uuid.UUID]) -> dict[str, Any]:
    """Open work, and the watched work that has ended since it was last looked at."""
    lines = [shown(line) for line in queries.live(db.session(), viewer(), watched)]
    running = [each for each in lines if each.operation.is_open]
    ended = [each for each in lines if not each.operation.is_open]
    return {
        "running": running,
        "ended": ended,
        # Lists are told once: what was watched while it ran, or was over before the bar could watch it.
        "news": [each for each in ended if each.operation.id in watched or _is_news(each)],
        "watch": [str(each.operation.id) for each in running[: watching.WATCHED_AT_MOST]],
    }


def tell_ended(response: Response, ended: Sequence[Shown]) -> None:
    """Tell the page's lists what has come to its end."""
    if ended:
        trigger(response, ENDED)
    if any(each.operation.channel_id is not None for each in ended):
        trigger(response, ORDERS_CHANGED)


def _is_news(each: Shown) -> bool:
    ended = each.operation.finished_at
    return ended is not None and utc_now() - ended < NEWS


def _read_cursor() -> Cursor | None:
    values = decode_cursor(request.args.get("after"), SORT, (datetime, str))
    if values is None:
        return None
    at, last_id = values
    try:
        return cast(datetime, at), uuid.UUID(str(last_id))
    except ValueError:
        return None


def _read_filter() -> tuple[OperationFilter, list[Pill]]:
    names = channel_names(db.session(), channel_scope())
    kinds = sorted(current_hints().handlers, key=lambda kind: gettext(kind_words(kind).label))
    chosen_kinds = read_choices(request.args, "kind", kinds)
    states = read_choices(request.args, "state", [state.value for state in STATES])
    channels = read_choices(request.args, "channel", [str(channel_id) for channel_id in names])
    mine = read_flag(request.args, "mine")
    chosen = OperationFilter(
        kinds=chosen_kinds,
        states=tuple(OperationState(state) for state in states),
        channel_ids=tuple(int(channel) for channel in channels),
        mine_only=mine,
    )
    return chosen, [
        ChoicePill(
            "kind",
            gettext("Work"),
            [Option(kind, gettext(kind_words(kind).label)) for kind in kinds],
            chosen_kinds,
        ),
        ChoicePill(
            "state", gettext("State"), [Option(s.value, gettext(word)) for s, word in STATES.items()], states
        ),
        ChoicePill(
            "channel", gettext("Channel"), [Option(str(key), name) for key, name in names.items()], channels
        ),
        FlagPill("mine", gettext("Asked for by me"), mine),
    ]


def _tabs(states: tuple[OperationState, ...]) -> list[dict[str, Any]]:
    counts = queries.count_by_tab(db.session(), viewer())
    open_states = (OperationState.READY, OperationState.LEASED)
    dead = (OperationState.DEAD,)
    return [
        {"label": gettext("All"), "url": url_for(".index"), "count": None, "current": not states},
        {
            "label": gettext("Open"),
            "url": url_for(".index", state=list(open_states)),
            "count": counts["open"],
            "current": states == open_states,
        },
        {
            "label": gettext("Given up"),
            "url": url_for(".index", state=list(dead)),
            "count": counts["dead"],
            "current": states == dead,
        },
    ]
