"""Sending again: one delivery, all that failed, or an event that only says hello. The event's id stays the same."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext, record
from webapp.core.errors import Conflict, NotFound
from webapp.core.text import N_
from webapp.events.models import Event, WebhookDelivery, WebhookSubscription
from webapp.events.names import TEST_EVENT
from webapp.webhooks.spreading import deliver_now

_AGAIN: Final = "state = 'waiting', tries = 0, next_try_at = clock_timestamp(), delivered_at = NULL"
_ONE = text(
    f"UPDATE webhook_delivery SET {_AGAIN} WHERE subscription_id = :subscription AND id = :delivery"  # noqa: S608
    " AND state <> 'waiting'"
)
_FAILED = text(
    f"UPDATE webhook_delivery SET {_AGAIN} WHERE subscription_id = :subscription AND state = 'failed'"  # noqa: S608
)


def replay(
    session: Session, subscription: WebhookSubscription, delivery_id: int, context: AuditContext
) -> None:
    """Send this delivery again, whether it was taken or given up. Raises NotFound, Conflict while it still waits."""
    found = session.get(WebhookDelivery, delivery_id)
    if found is None or found.subscription_id != subscription.id:
        raise NotFound(N_("There is no such delivery."))
    values = {"subscription": subscription.id, "delivery": delivery_id}
    if not session.connection().execute(_ONE, values).rowcount:
        raise Conflict(N_("This delivery is waiting already; it will be sent."))
    _go(session, subscription, context, "webhook.replayed", 1)


def replay_failed(session: Session, subscription: WebhookSubscription, context: AuditContext) -> int:
    """Send all again that were given up, in the order of events; how many. Raises Conflict without one."""
    done = session.connection().execute(_FAILED, {"subscription": subscription.id})
    count = int(done.rowcount)
    if not count:
        raise Conflict(N_("No delivery of this webhook has failed."))
    _go(session, subscription, context, "webhook.replayed", count)
    return count


def send_test(session: Session, subscription: WebhookSubscription, context: AuditContext) -> WebhookDelivery:
    """An event for this subscription alone, so that somebody can see whether it arrives. Raises Conflict when paused."""
    if subscription.is_paused:
        raise Conflict(N_("This webhook is paused. Resume it, then send a test."))
    event = Event(name=TEST_EVENT, subject=str(subscription.id), is_spread=True, facts={"test": True})
    session.add(event)
    session.flush()
    delivery = WebhookDelivery(subscription_id=subscription.id, event_id=event.id)
    session.add(delivery)
    session.flush()
    _go(session, subscription, context, "webhook.tested", 1)
    return delivery


def _go(
    session: Session, subscription: WebhookSubscription, context: AuditContext, tag: str, count: int
) -> None:
    record(session, context, tag, subject=("webhook", subscription.id), changes={"deliveries": [None, count]})
    if not subscription.is_paused:
        deliver_now(session, subscription.id)
    session.expire_all()
