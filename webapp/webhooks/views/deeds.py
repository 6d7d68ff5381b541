"""The buttons of a webhook's page: pause, resume, new secret, test, delete, and sending again."""

from flask import Response, url_for
from flask_babel import ngettext

from webapp.auth.permissions import Permission, audit_context, requires
from webapp.core.db import unit_of_work
from webapp.ui.htmx import redirect, toast
from webapp.ui.i18n import gettext
from webapp.webhooks import replaying
from webapp.webhooks.acting import service
from webapp.webhooks.views.blueprint import blueprint
from webapp.webhooks.views.settings import secret_page


@blueprint.post("/<int:webhook_id>/pause")
@requires(Permission.WEBHOOKS_MANAGE)
def pause(webhook_id: int) -> Response:
    """Send nothing until it is resumed."""
    with unit_of_work() as session:
        service(session).pause(webhook_id)
    return _back(webhook_id, gettext("Paused. What happens now waits."))


@blueprint.post("/<int:webhook_id>/resume")
@requires(Permission.WEBHOOKS_MANAGE)
def resume(webhook_id: int) -> Response:
    """Send what waits, and go on."""
    with unit_of_work() as session:
        service(session).resume(webhook_id)
    return _back(webhook_id, gettext("Resumed. What waits is being sent."))


@blueprint.post("/<int:webhook_id>/secret")
@requires(Permission.WEBHOOKS_MANAGE)
def rotate(webhook_id: int) -> Response:
    """A new secret, shown this once; the one before it stays live for a day."""
    with unit_of_work() as session:
        _, secret = service(session).rotate(webhook_id)
    return secret_page(webhook_id, secret, is_new=False)


@blueprint.post("/<int:webhook_id>/test")
@requires(Permission.WEBHOOKS_MANAGE)
def test(webhook_id: int) -> Response:
    """An event that only says hello."""
    with unit_of_work() as session:
        replaying.send_test(session, service(session).locked(webhook_id), audit_context())
    return _back(webhook_id, gettext("A test is on its way. Its line below says what was answered."))


@blueprint.post("/<int:webhook_id>/delete")
@requires(Permission.WEBHOOKS_MANAGE)
def delete(webhook_id: int) -> Response:
    """Take it away with its deliveries."""
    with unit_of_work() as session:
        service(session).delete(webhook_id)
    return toast(redirect(url_for(".index")), gettext("The webhook was deleted."))


@blueprint.post("/<int:webhook_id>/deliveries/<int:delivery_id>/replay")
@requires(Permission.WEBHOOKS_MANAGE)
def replay(webhook_id: int, delivery_id: int) -> Response:
    """Send one again, under its own id."""
    with unit_of_work() as session:
        webhook = service(session).locked(webhook_id)
        replaying.replay(session, webhook, delivery_id, audit_context())
    return _back(webhook_id, gettext("It is being sent again."))


@blueprint.post("/<int:webhook_id>/replay-failed")
@requires(Permission.WEBHOOKS_MANAGE)
def replay_failed(webhook_id: int) -> Response:
    """Send all again that were given up."""
    with unit_of_work() as session:
        count = replaying.replay_failed(session, service(session).locked(webhook_id), audit_context())
    told = ngettext(
        "%(num)d delivery is being sent again.", "%(num)d deliveries are being sent again.", count
    )
    return _back(webhook_id, told)


def _back(webhook_id: int, told: str) -> Response:
    return toast(redirect(url_for(".show", webhook_id=webhook_id)), told)
