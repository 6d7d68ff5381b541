"""Mentions: the notes in which a colleague named the reader, until they mark them as read."""

from typing import Any, Final

from flask import Blueprint, Response, request, url_for
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, audit_context, channel_scope, current_staff, requires
from webapp.core.db import db, unit_of_work
from webapp.core.ids import possible
from webapp.orders.queries.mentions import count_unread, mentions
from webapp.orders.service.notes import confirm_all_mentions, confirm_read
from webapp.orders.views.badges import keep_mentions
from webapp.ui.htmx import is_htmx, redirect, render, toast
from webapp.ui.i18n import gettext
from webapp.ui.tables import PAGE_SIZE, decode_cursor, page_of

SORT: Final = "newest"

blueprint = Blueprint("mentions", __name__, url_prefix="/mentions")


@blueprint.get("/")
@requires(Permission.ORDERS_VIEW)
def index() -> Response:
    """Unread ones, or all."""
    return render("mentions/index.html", "mentions/_list.html", **index_ctx(db.session()))


@blueprint.post("/read")
@requires(Permission.ORDERS_VIEW)
def mark_read() -> Response:
    """Mark one as read, or all that ask for nothing more."""
    ids = possible(request.form.getlist("note", type=int))
    with unit_of_work() as session:
        if request.form.get("all") == "1":
            number = confirm_all_mentions(session, audit_context())
        else:
            number = confirm_read(session, ids, audit_context(), channels=channel_scope())
    if not is_htmx():
        return redirect(url_for("mentions.index"))
    response = render("mentions/index.html", "mentions/_list.html", **index_ctx(db.session()))
    return toast(response, gettext("Marked as read.") if number else gettext("That was read already."))


def index_ctx(session: Session) -> dict[str, Any]:
    """One page of the reader's mentions."""
    mine = current_staff().id
    after = decode_cursor(request.args.get("after"), SORT, (int,))
    show_all = request.args.get("all") == "1"
    rows = mentions(
        session,
        mine,
        channel_scope(),
        unread_only=not show_all,
        before_id=int(str(after[0])) if after else None,
        limit=PAGE_SIZE + 1,
    )
    unread = count_unread(session, mine, channel_scope())
    keep_mentions(mine, unread)
    page = page_of(rows, sort=SORT, key=lambda row: (row.note.id,), after=after)
    return {"page": page, "unread": unread, "show_all": show_all}
