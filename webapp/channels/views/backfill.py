"""Fetching chosen orders: the form, its dry run, and doing what a dry run has shown."""

import uuid
from dataclasses import replace

from flask import Response, make_response, render_template, url_for
from flask_babel import gettext

from webapp.auth.forms import add_errors
from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.channels import queries
from webapp.channels.fetching import FetchOrders
from webapp.channels.forms import BackfillForm
from webapp.channels.service import ChannelService
from webapp.channels.views.blueprint import blueprint
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.operations import Operation
from webapp.core.text import N_
from webapp.operations.watching import watch
from webapp.ui.htmx import redirect, toast
from webapp.ui.i18n import reader_zone


@blueprint.get("/<int:channel_id>/backfill")
@requires(Permission.CHANNELS_PULL)
def backfill(channel_id: int) -> Response:
    """The form."""
    return _page(channel_id, BackfillForm(formdata=None), 200)


@blueprint.post("/<int:channel_id>/backfill")
@requires(Permission.CHANNELS_PULL)
def start_backfill(channel_id: int) -> Response:
    """Ask for the orders; a form that cannot be understood comes back with everything that was typed."""
    form = BackfillForm()
    queries.channel_name(db.session(), channel_scope(), channel_id)
    if not form.validate():
        return _page(channel_id, form, 422)
    try:
        return _start(channel_id, form.to_input(reader_zone()))
    except InvalidInput as refused:
        add_errors(form, refused)
        return _page(channel_id, form, refused.status)
    except Conflict as refused:
        form.form_errors = [*form.form_errors, gettext(refused.message)]
        return _page(channel_id, form, refused.status)


@blueprint.post("/<int:channel_id>/backfill/<uuid:operation_id>")
@requires(Permission.CHANNELS_PULL)
def apply_backfill(channel_id: int, operation_id: uuid.UUID) -> Response:
    """Do what this dry run has shown. The channel may have changed since: what it says then counts."""
    queries.channel_name(db.session(), channel_scope(), channel_id)
    shown = db.session.get(Operation, operation_id)
    if shown is None or shown.channel_id != channel_id or shown.kind != "channel.backfill":
        raise NotFound(N_("There is no such operation."))
    return _start(channel_id, replace(FetchOrders.from_args(shown.args), dry_run=False))


def _start(channel_id: int, fetch: FetchOrders) -> Response:
    with unit_of_work() as session:
        operation, _ = ChannelService().backfill(session, channel_id, fetch, audit_context())
        watch(operation)
        url = url_for("operations.show", operation_id=operation.id)
    told = gettext("Looking what would change.") if fetch.dry_run else gettext("Fetching the orders.")
    return toast(redirect(url), told)


def _page(channel_id: int, form: BackfillForm, status: int) -> Response:
    health = queries.channel(db.session(), channel_scope(), channel_id)
    page = render_template(
        "channels/backfill.html", channel=health.channel, form=form, zone=reader_zone().key
    )
    return make_response(page, status)
