"""All webhooks, and one with what was delivered to it."""

from typing import Any

from flask import Response, request, url_for
from sqlalchemy.orm import Session

from webapp.auth.permissions import Permission, channel_scope, requires
from webapp.channels.queries import channel_names
from webapp.core.db import db
from webapp.events.names import EventName
from webapp.ui.htmx import render
from webapp.ui.i18n import gettext
from webapp.ui.tables import PAGE_SIZE, decode_cursor, page_of
from webapp.webhooks import queries
from webapp.webhooks.queries import DeliveryState, Standing
from webapp.webhooks.views.blueprint import blueprint

SORT = "newest"


@blueprint.get("/")
@requires(Permission.WEBHOOKS_MANAGE)
def index() -> Response:
    """Every webhook with how it stands."""
    session = db.session()
    found = queries.subscriptions(session, channel_scope())
    return render("webhooks/index.html", "webhooks/_list.html", webhooks=found)


@blueprint.get("/<int:webhook_id>")
@requires(Permission.WEBHOOKS_MANAGE)
def show(webhook_id: int) -> Response:
    """One webhook and its deliveries, newest first."""
    return render("webhooks/show.html", "webhooks/_log.html", **show_ctx(db.session(), webhook_id))


def show_ctx(session: Session, webhook_id: int) -> dict[str, Any]:
    """The webhook, the chosen tab's page of deliveries, and the tabs. Raises NotFound."""
    standing = queries.subscription(session, channel_scope(), webhook_id)
    given = request.args.get("state", "")
    state = DeliveryState(given) if given in set(DeliveryState) else None
    after = decode_cursor(request.args.get("after"), SORT, (int,))
    before_id = None if after is None else int(str(after[0]))
    rows = queries.deliveries(
        session, webhook_id, states=[state] if state else [], before_id=before_id, limit=PAGE_SIZE + 1
    )
    return {
        "standing": standing,
        "webhook": standing.subscription,
        "event_names": [EventName(name) for name in standing.subscription.events],
        "channel_names": channel_names(session, None),
        "page": page_of(rows, sort=SORT, key=lambda row: (row[0].id,), after=after),
        "tabs": _tabs(webhook_id, standing, state),
        "delivery_state": DeliveryState,
    }


def _tabs(webhook_id: int, standing: Standing, current: DeliveryState | None) -> list[dict[str, Any]]:
    counts = {DeliveryState.WAITING: standing.waiting, DeliveryState.FAILED: standing.failed}
    return [
        {
            "label": gettext(state.label) if state else gettext("All"),
            "url": url_for(".show", webhook_id=webhook_id, state=state.value if state else None),
            "count": counts.get(state) if state else None,
            "current": state is current,
        }
        for state in (None, DeliveryState.WAITING, DeliveryState.FAILED)
    ]
