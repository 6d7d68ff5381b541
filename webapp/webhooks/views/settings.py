"""Adding a webhook and changing it. Its secret is shown once, in the answer that made it."""

from flask import Response, make_response, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.auth.forms import add_errors
from webapp.auth.permissions import Permission, channel_scope, requires
from webapp.channels.queries import channel_names
from webapp.core.db import db, unit_of_work
from webapp.core.errors import Conflict, InvalidInput
from webapp.events.models import WebhookSubscription
from webapp.events.names import EventName
from webapp.ui.htmx import redirect, toast
from webapp.ui.stale import notice_of
from webapp.webhooks import queries
from webapp.webhooks.acting import service
from webapp.webhooks.forms import WebhookForm
from webapp.webhooks.views.blueprint import blueprint


@blueprint.get("/new")
@requires(Permission.WEBHOOKS_MANAGE)
def new() -> Response:
    """The form of a new webhook."""
    return _page(_form(db.session(), submitted=False))


@blueprint.post("/new")
@requires(Permission.WEBHOOKS_MANAGE)
def create() -> Response:
    """Add it, and show its secret this once."""
    form = _form(db.session())
    if not form.validate():
        return _page(form, status=422)
    try:
        with unit_of_work() as session:
            made, secret = service(session).subscribe(form.to_input())
            webhook_id = made.id
    except InvalidInput as refused:
        add_errors(form, refused)
        return _page(form, status=422)
    return secret_page(webhook_id, secret, is_new=True)


@blueprint.get("/<int:webhook_id>/edit")
@requires(Permission.WEBHOOKS_MANAGE)
def edit(webhook_id: int) -> Response:
    """The form of a webhook."""
    webhook = _webhook(webhook_id)
    form = _form(db.session(), submitted=False)
    form.url.data, form.description.data = webhook.url, webhook.description
    form.events.data = list(webhook.events)
    form.channels.data = [str(key) for key in webhook.channels]
    form.version.data = str(webhook.version)
    return _page(form, webhook)


@blueprint.post("/<int:webhook_id>/edit")
@requires(Permission.WEBHOOKS_MANAGE)
def save(webhook_id: int) -> Response:
    """Change it. Who was slower is told so, and keeps what was typed."""
    webhook, form = _webhook(webhook_id), _form(db.session())
    if not form.validate():
        return _page(form, webhook, status=422)
    try:
        with unit_of_work() as session:
            service(session).change(webhook_id, form.to_input(), version=form.seen_version)
    except InvalidInput as refused:
        add_errors(form, refused)
        return _page(form, _webhook(webhook_id), status=422)
    except Conflict as refused:
        form.form_errors = [*form.form_errors, notice_of(refused)]
        form.version.data = str(_webhook(webhook_id).version)
        return _page(form, _webhook(webhook_id), status=409)
    return toast(redirect(url_for(".show", webhook_id=webhook_id)), _("The webhook was saved."))


def secret_page(webhook_id: int, secret: str, *, is_new: bool) -> Response:
    """The only page that ever shows it; no browser or proxy is to keep it."""
    context = {"webhook_id": webhook_id, "secret": secret, "is_new": is_new}
    response = make_response(render_template("webhooks/secret.html", **context))
    response.headers["Cache-Control"] = "no-store"
    return response


def _form(session: Session, *, submitted: bool = True) -> WebhookForm:
    form = WebhookForm() if submitted else WebhookForm(formdata=None)
    form.events.choices = [(name.value, _(name.label)) for name in EventName]
    form.channels.choices = [
        (str(key), name) for key, name in channel_names(session, channel_scope()).items()
    ]
    return form


def _webhook(webhook_id: int) -> WebhookSubscription:
    return queries.subscription(db.session(), channel_scope(), webhook_id).subscription


def _page(form: WebhookForm, webhook: WebhookSubscription | None = None, *, status: int = 200) -> Response:
    context = {"form": form, "webhook": webhook, "is_limited": channel_scope() is not None}
    return make_response(render_template("webhooks/edit.html", **context), status)
