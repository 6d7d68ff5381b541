"""Records that could not be taken: why, in the channel's words; mending them; trying one, some or all again."""

from typing import Any

from flask import Response, make_response, render_template, request, url_for
from flask_babel import gettext

from webapp.auth.permissions import Permission, audit_context, can, channel_scope, requires
from webapp.channels import queries
from webapp.channels.forms import WordForm
from webapp.channels.service import ChannelService
from webapp.channels.views.blueprint import blueprint
from webapp.channels.views.overview import work_ctx
from webapp.channels.views.words import word_form
from webapp.core.db import db, unit_of_work
from webapp.core.errors import InvalidInput
from webapp.core.text import N_
from webapp.operations.watching import watch
from webapp.orders.enums import FailureClass
from webapp.ui.htmx import redirect, render, toast
from webapp.ui.tables import PAGE_SIZE, decode_cursor, page_of

SORT = "newest"


@blueprint.get("/<int:channel_id>/failed")
@requires(Permission.CHANNELS_VIEW)
def failed(channel_id: int) -> Response:
    """The channel's failed records, newest first, by class."""
    return render("channels/failed.html", "channels/_failed.html", **failed_ctx(channel_id))


def failed_ctx(channel_id: int) -> dict[str, Any]:
    """One page of failed records, and how many each class has. Raises NotFound."""
    session = db.session()
    context = work_ctx(channel_id)
    wanted = request.args.get("class")
    chosen = wanted if wanted in set(FailureClass) else None
    after = decode_cursor(request.args.get("after"), SORT, (int,))
    rows = queries.failed_records(
        session,
        channel_id,
        failure_class=chosen,
        before_id=int(str(after[0])) if after else None,
        limit=PAGE_SIZE + 1,
    )
    page = page_of(rows, sort=SORT, key=lambda row: (row.id,), after=after)
    return {**context, "page": page, "tabs": _tabs(channel_id, chosen), "classes": FailureClass}


@blueprint.get("/<int:channel_id>/failed/<int:record_id>")
@requires(Permission.CHANNELS_VIEW)
def record(channel_id: int, record_id: int) -> Response:
    """One record: what is wrong, what the channel sent, and what can be done."""
    return render("channels/record.html", "channels/_record.html", **record_ctx(channel_id, record_id))


def record_ctx(channel_id: int, record_id: int, form: WordForm | None = None) -> dict[str, Any]:
    """The record with its payload for those who may read it. Raises NotFound."""
    context = work_ctx(channel_id)
    found = queries.record(db.session(), channel_id, record_id)
    may_read = can(Permission.ORDERS_RAW_PAYLOAD)
    return {
        **context,
        "record": found,
        "failure": FailureClass(found.failure_class) if found.failure_class else None,
        "payload": queries.payload_text(db.session(), record_id) if may_read else None,
        "form": form or word_form(found.failure_words),
    }


@blueprint.post("/<int:channel_id>/replay")
@requires(Permission.CHANNELS_PULL)
def replay(channel_id: int) -> Response:
    """Try failed records again: the ticked ones, or all of the channel."""
    queries.channel_name(db.session(), channel_scope(), channel_id)
    ids = None if request.form.get("all") == "1" else _ticked()
    with unit_of_work() as session:
        operation, _ = ChannelService().replay(session, channel_id, audit_context(), ids)
        watch(operation)
    told = gettext("Trying all failed records again.") if ids is None else gettext("Trying the record again.")
    if ids is not None and len(ids) == 1:
        return toast(redirect(url_for(".record", channel_id=channel_id, record_id=ids[0])), told)
    if ids is not None:
        told = gettext("Trying %(count)s records again.", count=len(ids))
    return toast(redirect(url_for(".failed", channel_id=channel_id)), told)


@blueprint.post("/<int:channel_id>/failed/<int:record_id>/mend")
@requires(Permission.CHANNELS_MANAGE)
def mend(channel_id: int, record_id: int) -> Response:
    """Give a word of the channel its meaning, and try the record again with it."""
    from webapp.channels.views.words import save_word

    context = record_ctx(channel_id, record_id, form := WordForm())
    if not save_word(channel_id, form):
        return make_response(render_template("channels/record.html", **context), 422)
    with unit_of_work() as session:
        operation, _ = ChannelService().replay(session, channel_id, audit_context(), [record_id])
        watch(operation)
    told = gettext("“%(word)s” has its meaning now. Trying the record again.", word=form.remote_value.data)
    return toast(redirect(url_for(".record", channel_id=channel_id, record_id=record_id)), told)


def _ticked() -> list[int]:
    words = request.form.getlist("record_id")
    ids = [int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 19]
    if not ids:
        raise InvalidInput(N_("Tick at least one record."))
    return ids


def _tabs(channel_id: int, chosen: str | None) -> list[dict[str, Any]]:
    counts = queries.failures_by_class(db.session(), channel_id)
    total = {"label": gettext("All"), "count": sum(counts.values()), "current": chosen is None}
    tabs = [{**total, "url": url_for(".failed", channel_id=channel_id)}]
    for failure in FailureClass:
        if counts.get(failure) or chosen == failure:
            url = f"{url_for('.failed', channel_id=channel_id)}?class={failure.value}"
            label = gettext(failure.label)
            tabs.append(
                {"label": label, "count": counts.get(failure, 0), "current": chosen == failure, "url": url}
            )
    return tabs
