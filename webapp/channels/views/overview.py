"""The list of channels, one channel's page, and the buttons that set its work going."""

import uuid
from typing import Any

from flask import Response, make_response, render_template, request, url_for
from flask_babel import gettext

from webapp.auth.permissions import Permission, audit_context, can, channel_scope, requires
from webapp.channels import queries
from webapp.channels.outbox import outbox
from webapp.channels.queries import ChannelHealth
from webapp.channels.registry import CHANNEL_TYPES
from webapp.channels.service import ChannelService
from webapp.channels.views.blueprint import blueprint
from webapp.channels.wording import channel_state
from webapp.core.clock import utc_now
from webapp.core.db import db, unit_of_work
from webapp.core.operations import Operation
from webapp.operations import queries as operation_queries
from webapp.operations.shown import Shown, shown
from webapp.operations.views import tell_ended
from webapp.operations.watching import parsed, watch
from webapp.orders.enums import ActionKind, ActionState
from webapp.ui.htmx import is_htmx, redirect, render, toast, trigger

RECENT = 8
SHOWN_FAILURES = 5


@blueprint.get("/")
@requires(Permission.CHANNELS_VIEW)
def index() -> Response:
    """Every channel with its last and next pull, state and failures."""
    return render("channels/index.html", "channels/_list.html", **index_ctx())


def index_ctx() -> dict[str, Any]:
    """The channels as the list shows them."""
    found = queries.channels(db.session(), channel_scope())
    return {
        "channels": [channel_ctx(health) for health in found],
        "moving": any(health.running is not None for health in found),
    }


@blueprint.get("/<int:channel_id>")
@requires(Permission.CHANNELS_VIEW)
def show(channel_id: int) -> Response:
    """One channel: its work, failed records, recent operations, settings."""
    return make_response(render_template("channels/show.html", **show_ctx(channel_id)))


def show_ctx(channel_id: int) -> dict[str, Any]:
    """Everything the channel's page shows. Raises NotFound."""
    context = {**work_ctx(channel_id), **recent_ctx(channel_id)}
    channel = context["health"].channel
    return {
        **context,
        "kind": CHANNEL_TYPES.get(channel.channel_type),
        "stored": queries.stored_credentials(channel),
    }


@blueprint.get("/<int:channel_id>/work")
@requires(Permission.CHANNELS_VIEW)
def work(channel_id: int) -> Response:
    """The part of the page that moves: asks for itself while something of the channel is open, then tells the rest."""
    context = work_ctx(channel_id)
    fragment = "_under_way" if request.args.get("show") == "running" else "_work"
    response = make_response(render_template(f"channels/{fragment}.html", **context))
    seen_open = set(parsed(request.args.getlist("open")))
    tell_ended(response, [each for each in _ended(channel_id, seen_open) if not each.operation.is_open])
    return response


def work_ctx(channel_id: int) -> dict[str, Any]:
    """The channel's health and its open operations. Raises NotFound."""
    health = queries.channel(db.session(), channel_scope(), channel_id)
    lines = operation_queries.open_of_channel(db.session(), channel_id)
    return {**channel_ctx(health), "running": [shown(line) for line in lines]}


@blueprint.get("/<int:channel_id>/recent")
@requires(Permission.CHANNELS_VIEW)
def recent(channel_id: int) -> Response:
    """The lists of the page, asked for again when work of the channel has ended."""
    health = queries.channel(db.session(), channel_scope(), channel_id)
    context = {"health": health, "channel": health.channel, **recent_ctx(channel_id)}
    return make_response(render_template("channels/_recent.html", **context))


def recent_ctx(channel_id: int) -> dict[str, Any]:
    """The newest failed records and operations of a channel."""
    session = db.session()
    lines = operation_queries.recent_of_channel(session, channel_id, limit=RECENT)
    return {
        "failures": queries.failed_records(session, channel_id, limit=SHOWN_FAILURES),
        "recent": [shown(line) for line in lines],
        "outbox": outbox(session, channel_id),
        "action_kind": ActionKind,
        "action_state": ActionState,
    }


@blueprint.post("/<int:channel_id>/pull")
@requires(Permission.CHANNELS_PULL)
def pull(channel_id: int) -> Response:
    """Pull what changed. A second click joins the run that is open, and says so."""
    name = _name(channel_id)
    with unit_of_work() as session:
        operation, is_new = ChannelService().pull(session, channel_id, audit_context())
        watch(operation)
    told = (
        gettext("Pulling %(channel)s.")
        if is_new
        else gettext("%(channel)s is being pulled already; you are watching that pull.")
    )
    return asked(channel_id, told % {"channel": name})


@blueprint.post("/<int:channel_id>/reread")
@requires(Permission.CHANNELS_PULL)
def reread(channel_id: int) -> Response:
    """Read the channel's open orders again."""
    name = _name(channel_id)
    with unit_of_work() as session:
        operation, _ = ChannelService().reread(session, channel_id, audit_context())
        watch(operation)
    return asked(channel_id, gettext("Reading the open orders of %(channel)s again.", channel=name))


@blueprint.post("/<int:channel_id>/check")
@requires(Permission.CHANNELS_MANAGE)
def check(channel_id: int) -> Response:
    """Find out whether the channel takes our credentials."""
    name = _name(channel_id)
    with unit_of_work() as session:
        operation, _ = ChannelService().check(session, channel_id, audit_context())
        watch(operation)
    return asked(channel_id, gettext("Testing the connection to %(channel)s.", channel=name))


def asked(channel_id: int, told: str) -> Response:
    """What a button answers: the moving part of the page for htmx, the page otherwise; and what was set going."""
    if not is_htmx():
        return toast(redirect(url_for("channels.show", channel_id=channel_id)), told)
    if request.form.get("show") == "list":
        response = make_response(render_template("channels/_list.html", **index_ctx()))
    else:
        response = make_response(render_template("channels/_work.html", **work_ctx(channel_id)))
    return trigger(toast(response, told), "operations:changed")


def channel_ctx(health: ChannelHealth) -> dict[str, Any]:
    """A channel as every page of it shows it."""
    return {
        "health": health,
        "channel": health.channel,
        "state": channel_state(health),
        "next_pull_at": queries.next_pull_at(health.channel, utc_now()),
        "may_pull": can(Permission.CHANNELS_PULL),
        "may_manage": can(Permission.CHANNELS_MANAGE),
    }


def _name(channel_id: int) -> str:
    """The channel's name. Raises NotFound for one that is not the asker's."""
    return queries.channel_name(db.session(), channel_scope(), channel_id)


def _ended(channel_id: int, wanted: set[uuid.UUID]) -> list[Shown]:
    if not wanted:
        return []
    found = [db.session.get(Operation, each) for each in wanted]
    mine = [each for each in found if each is not None and each.channel_id == channel_id]
    return [shown(operation_queries.bare_line(each)) for each in mine]
