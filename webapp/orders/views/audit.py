"""The audit log: who did what, when, from where, with old and new values."""

from typing import Any, Final

from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, channel_scope, current_staff, requires
from webapp.core.audit import Origin
from webapp.core.db import db
from webapp.core.remembered import Remembered
from webapp.core.settings import Settings
from webapp.core.text import N_
from webapp.orders.queries import audit_log
from webapp.orders.queries.audit_log import AuditFilter
from webapp.orders.views.happened import told
from webapp.ui.filters import (
    ChoicePill,
    DayPill,
    FlagPill,
    Option,
    Pill,
    Query,
    read_choices,
    read_days,
    read_flag,
    read_text,
)
from webapp.ui.htmx import render
from webapp.ui.i18n import gettext
from webapp.ui.tables import PAGE_SIZE, Page, decode_cursor, encode_cursor

SORT: Final = "newest"
TAGS_S: Final = 300.0  # New words come with new releases, and with deeds that nobody has done yet.
_REMEMBERED: Final = "kontor_audit_tags"
_ORIGINS: Final = {
    Origin.PAGE: N_("a page"),
    Origin.API: N_("the API"),
    Origin.CHANNEL: N_("a channel"),
    Origin.JOB: N_("background work"),
    Origin.COMMAND: N_("the command line"),
}

blueprint = Blueprint("audit", __name__, url_prefix="/audit")


@blueprint.record_once
def _remember(state: BlueprintSetupState) -> None:
    settings: Settings = state.app.extensions["kontor_settings"]
    state.app.extensions[_REMEMBERED] = Remembered(min(TAGS_S, settings.timing.counts_s * 60))


@blueprint.get("/")
@requires(Permission.AUDIT_VIEW)
def index() -> Response:
    """The log, newest first, as far as the reader's channels go."""
    return render("audit/index.html", "audit/_list.html", **index_ctx(db.session()))


def index_ctx(session: Session) -> dict[str, Any]:
    """One page of what the URL asks for."""
    remembered: Remembered = current_app.extensions[_REMEMBERED]
    tags = remembered.get("tags", lambda: audit_log.known_tags(session))
    scope = channel_scope()
    number = read_text(request.args, "order")
    order_id = audit_log.order_of_number(session, number, scope) if number else None
    wanted, pills = _read_filter(session, request.args, tags, order_id)
    after = decode_cursor(request.args.get("after"), SORT, (int,))
    before_id = int(str(after[0])) if after else None
    if number and order_id is None:
        found = audit_log.AuditPage((), None)
    else:
        found = audit_log.page(
            session, wanted, scope, current_staff().id, before_id=before_id, size=PAGE_SIZE
        )
    rows = [(row, told(row.happened, "", row.currency or "")) for row in found.rows]
    next_after = None if found.before_id is None else encode_cursor(SORT, (found.before_id,))
    return {
        "page": Page(rows, next_after, is_first=before_id is None),
        "pills": pills,
        "number": number,
        "is_unknown": bool(number) and order_id is None,
        "origins": {origin.value: gettext(words) for origin, words in _ORIGINS.items()},
    }


def _read_filter(
    session: Session, query: Query, tags: list[str], order_id: int | None
) -> tuple[AuditFilter, list[Pill]]:
    names = audit_log.staff_names(session)
    areas = sorted({tag.partition(".")[0] for tag in tags})
    chosen_areas = read_choices(query, "what", areas)
    staff = read_choices(query, "who", [str(key) for key in names])
    origins = read_choices(query, "from", [origin.value for origin in Origin])
    days = read_days(query, "at")
    since, until = days.instants()
    refused = read_flag(query, "refused")
    wanted = AuditFilter(
        tags=tuple(tag for tag in tags if tag.partition(".")[0] in chosen_areas),
        staff_ids=tuple(map(int, staff)),
        origins=origins,
        since=since,
        until=until,
        order_id=order_id,
        refused_only=refused,
    )
    return wanted, [
        ChoicePill("who", gettext("Who"), [Option(str(key), name) for key, name in names.items()], staff),
        ChoicePill("what", gettext("What"), [Option(area, _area(area)) for area in areas], chosen_areas),
        DayPill("at", gettext("When"), days),
        ChoicePill(
            "from",
            gettext("From where"),
            [Option(origin.value, gettext(words)) for origin, words in _ORIGINS.items()],
            origins,
        ),
        FlagPill("refused", gettext("Refused only"), refused),
    ]


def _area(area: str) -> str:
    """`cancellation_plan` as words."""
    return area.replace("_", " ").capitalize()
