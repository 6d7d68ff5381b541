"""Subscriptions, events and deliveries as a test says it; each in a unit of work of its own."""

from collections.abc import Sequence

from sqlalchemy import select, text, update

from webapp.core.audit import SYSTEM, AuditContext
from webapp.core.db import db, unit_of_work
from webapp.core.hints import current_hints, drain
from webapp.core.reach import Reach
from webapp.core.secrets import current_vault
from webapp.events.models import Event, WebhookDelivery, WebhookSubscription
from webapp.events.names import EventName
from webapp.webhooks.subscriptions import WebhookService, Wish

EVERYTHING = tuple(EventName)


def subscribe(
    url: str = "http://127.0.0.1:9/hook",
    events: Sequence[EventName] = EVERYTHING,
    channels: Sequence[int] = (),
    context: AuditContext = SYSTEM,
) -> tuple[int, str]:
    """A subscription's id and secret."""
    with unit_of_work() as session:
        service = WebhookService(session, context, current_vault(), Reach(allow_private=True))
        made, secret = service.subscribe(Wish(url, tuple(events), tuple(channels)))
        return made.id, secret


def events() -> list[tuple[str, str]]:
    """(name, subject) of what was announced, in its order."""
    db.session.rollback()
    return [(each.name, each.subject) for each in db.session.scalars(select(Event).order_by(Event.id))]


def names() -> list[str]:
    return [name for name, _ in events()]


def facts(name: str) -> dict[str, object]:
    """Those of the only event of that name."""
    db.session.rollback()
    return dict(db.session.scalars(select(Event).where(Event.name == name)).one().facts)


def deliveries() -> list[WebhookDelivery]:
    db.session.rollback()
    return list(db.session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.event_id)))


def states() -> list[str]:
    return [each.state for each in deliveries()]


def subscription(subscription_id: int) -> WebhookSubscription:
    db.session.rollback()
    return db.session.get_one(WebhookSubscription, subscription_id, populate_existing=True)


def work() -> int:
    """Run what is due on the queue of webhooks; how many operations ran."""
    assert current_hints() is not None
    return drain("webhooks")


def let_time_pass() -> None:
    """Whatever waits for its next try may be tried now."""
    with unit_of_work() as session:
        session.execute(update(WebhookDelivery).values(next_try_at=text("now() - interval '1 s'")))
        session.execute(text("UPDATE operation SET next_run_at = now() - interval '1 s'"))
        session.execute(text("UPDATE circuit_breaker SET next_probe_at = now() - interval '1 s'"))
