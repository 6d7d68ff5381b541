"""Connecting a channel and changing it. Credentials go in and never come out."""

from typing import Any

from flask import Response, make_response, render_template, request, url_for
from flask_babel import gettext

from webapp.auth.forms import add_errors
from webapp.auth.permissions import Permission, audit_context, channel_scope, requires
from webapp.channels import queries
from webapp.channels.base import ChannelType
from webapp.channels.forms import SETTING, ChannelFields, channel_form, form_names
from webapp.channels.inputs import ChangeChannel, NewChannel
from webapp.channels.models import Channel
from webapp.channels.registry import CHANNEL_TYPES, channel_type
from webapp.channels.service import ChannelService
from webapp.channels.views.blueprint import blueprint
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput, PermissionDenied
from webapp.core.text import N_
from webapp.operations.watching import watch
from webapp.ui.htmx import redirect, toast
from webapp.ui.stale import notice_of


@blueprint.get("/new")
@requires(Permission.CHANNELS_MANAGE)
def new() -> Response:
    """The form of a new channel; with several types the reader chooses one first."""
    kind = _asked_kind()
    form = channel_form(kind)(formdata=None) if kind else None
    return _page(form, kind, None, 200)


@blueprint.post("/new")
@requires(Permission.CHANNELS_MANAGE)
def create() -> Response:
    """Connect the channel and try its credentials."""
    if channel_scope() is not None:
        raise PermissionDenied(N_("Whoever is limited to some channels cannot connect new ones."))
    kind = channel_type(request.args.get("type", ""))
    form = channel_form(kind)()
    if not form.validate():
        return _page(form, kind, None, 422)
    try:
        with unit_of_work() as session:
            channel = ChannelService().create_channel(session, _new_channel(kind, form), audit_context())
            operation, _ = ChannelService().check(session, channel.id, audit_context())
            watch(operation)
            url, name = url_for(".show", channel_id=channel.id), channel.name
    except InvalidInput as refused:
        add_errors(form, form_names(refused, form))
        return _page(form, kind, None, refused.status)
    return toast(
        redirect(url), gettext("%(channel)s is connected. Its credentials are being tried.", channel=name)
    )


@blueprint.get("/<int:channel_id>/edit")
@requires(Permission.CHANNELS_MANAGE)
def edit(channel_id: int) -> Response:
    """The form of a channel."""
    channel = queries.channel(db.session(), channel_scope(), channel_id).channel
    kind = channel_type(channel.channel_type)
    form = _form_class(kind, channel)(formdata=None, obj=channel)
    for name, default in kind.settings.items():
        value = channel.conf.get(name)
        form[SETTING + name].data = "" if value in (None, default) else str(value)
    return _page(form, kind, channel, 200)


@blueprint.post("/<int:channel_id>/edit")
@requires(Permission.CHANNELS_MANAGE)
def save(channel_id: int) -> Response:
    """Change the channel. Who was slower is told what changed, and keeps what was typed."""
    channel = queries.channel(db.session(), channel_scope(), channel_id).channel
    kind = channel_type(channel.channel_type)
    form = _form_class(kind, channel)()
    if not form.validate():
        return _page(form, kind, channel, 422)
    try:
        with unit_of_work() as session:
            changed = ChannelService().update_channel(session, channel_id, _change(form), audit_context())
            name = changed.name
    except InvalidInput as refused:
        add_errors(form, form_names(refused, form))
        return _page(form, kind, _again(channel_id), refused.status)
    except Conflict as refused:
        form.form_errors = [*form.form_errors, notice_of(refused)]
        form.version.data = str(_again(channel_id).version)
        return _page(form, kind, _again(channel_id), 409)
    return toast(
        redirect(url_for(".show", channel_id=channel_id)), gettext("%(channel)s was saved.", channel=name)
    )


def _new_channel(kind: ChannelType, form: ChannelFields) -> NewChannel:
    return NewChannel(
        name=form.name.data,
        channel_type=kind.slug,
        base_url=form.base_url.data,
        credentials={name: value for name, value in form.credentials().items() if value},
        pull_minutes=form.pull_minutes.data,
        reread_minutes=form.reread_minutes.data,
        requests_per_minute=form.requests_per_minute.data,
        address_ownership=form.address_ownership.data,
        conf={name: value for name, value in form.settings().items() if value},
        is_active=form.is_active.data,
    )


def _change(form: ChannelFields) -> ChangeChannel:
    version = form.version.data or ""
    return ChangeChannel(
        version=int(version) if version.isascii() and version.isdigit() else 0,
        name=form.name.data,
        base_url=form.base_url.data,
        credentials=form.credentials(),
        pull_minutes=form.pull_minutes.data,
        reread_minutes=form.reread_minutes.data,
        requests_per_minute=form.requests_per_minute.data,
        address_ownership=form.address_ownership.data,
        conf=form.settings(),
        is_active=form.is_active.data,
    )


def _asked_kind() -> ChannelType | None:
    if len(CHANNEL_TYPES) == 1:
        return next(iter(CHANNEL_TYPES.values()))
    return CHANNEL_TYPES.get(request.args.get("type", ""))


def _form_class(kind: ChannelType, channel: Channel) -> type[ChannelFields]:
    return channel_form(kind, queries.stored_credentials(channel))


def _again(channel_id: int) -> Channel:
    """The channel as it is now; the unit of work has thrown away what was read before it."""
    return queries.channel(db.session(), channel_scope(), channel_id).channel


def _page(
    form: ChannelFields | None, kind: ChannelType | None, channel: Channel | None, status: int
) -> Response:
    context: dict[str, Any] = {
        "form": form,
        "kind": kind,
        "channel": channel,
        "types": CHANNEL_TYPES.values(),
    }
    return make_response(render_template("channels/edit.html", **context), status)
