"""From events to deliveries: one row for each subscription that wants the event, and an operation that sends them."""

from datetime import datetime
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from webapp.core.db import unit_of_work
from webapp.core.operations import NewOperation, Operation, OperationRun, Queue, create
from webapp.core.second_tries import hurry
from webapp.events.announcing import SPREAD
from webapp.events.models import WebhookSubscription

DELIVER_KIND: Final = "webhooks.deliver"
AT_ONCE: Final = 2_000  # events that one transaction spreads

# Events of one order are in the order of their ids: each was written under the order's lock, and is seen only
# after those before it. Between orders none is promised.
_SPREAD = text("""
WITH taken AS MATERIALIZED (
    SELECT id, name, channel_id FROM event WHERE NOT is_spread ORDER BY id LIMIT :at_once FOR UPDATE
), marked AS (
    UPDATE event SET is_spread = true FROM taken WHERE event.id = taken.id RETURNING event.id
), written AS (
    INSERT INTO webhook_delivery (subscription_id, event_id)
    SELECT wanting.id, taken.id FROM taken
    JOIN webhook_subscription AS wanting ON taken.name = ANY(wanting.events)
        AND (wanting.channels = '{}' OR taken.channel_id = ANY(wanting.channels))
    ORDER BY taken.id, wanting.id ON CONFLICT (subscription_id, event_id) DO NOTHING
    RETURNING subscription_id
)
SELECT (SELECT count(*) FROM marked), ARRAY(SELECT DISTINCT subscription_id FROM written ORDER BY 1)
""")
_UNSPREAD = text("SELECT 1 WHERE EXISTS (SELECT 1 FROM event WHERE NOT is_spread)")
_NEXT_TRY_NOW = text("""
UPDATE webhook_delivery SET next_try_at = clock_timestamp()
WHERE subscription_id = :subscription AND state = 'waiting' AND next_try_at > clock_timestamp()
""")
_WITH_WORK = text("""
SELECT id FROM webhook_subscription AS s WHERE paused_at IS NULL AND EXISTS (
    SELECT 1 FROM webhook_delivery WHERE subscription_id = s.id AND state = 'waiting') ORDER BY id
""")


def spread(run: OperationRun) -> None:
    """The handler of `webhooks.spread`: until no event is left over. Safe to run twice, and beside another."""
    total = 0
    while True:
        with unit_of_work() as session:
            run.fence(session, done=total)
            count = spread_some(session)
        total += count
        if count < AT_ONCE:
            return


def spread_some(session: Session) -> int:
    """Spread one batch of events; how many there were."""
    # Whoever has a subscription's row decides alone whether there is more for it to do (delivering.py).
    active = {
        each.id: each.is_paused
        for each in session.scalars(
            select(WebhookSubscription).order_by(WebhookSubscription.id).with_for_update(key_share=True)
        )
    }
    count, told = session.execute(_SPREAD, {"at_once": AT_ONCE}).one()
    for subscription_id in told:
        if not active.get(subscription_id, True):
            create(session, deliver(subscription_id))
    return int(count)


def deliver(subscription_id: int) -> NewOperation:
    """The one operation that sends to this subscription: its deliveries go one after the other."""
    return NewOperation(
        kind=DELIVER_KIND,
        queue=Queue.WEBHOOKS,
        dedupe_key=f"subscription:{subscription_id}",
        args={"subscription_id": subscription_id},
    )


def deliver_now(session: Session, subscription_id: int) -> None:
    """Have what waits for this subscription sent, also what failed and waits for its next try.

    Somebody presses a button, mostly after the receiver was mended. The caller has the subscription's lock.
    """
    session.execute(_NEXT_TRY_NOW, {"subscription": subscription_id})
    operation, is_new = create(session, deliver(subscription_id))
    if not is_new:
        hurry(session, Queue.WEBHOOKS, Operation.id == operation.id)


def left_over(session: Session, now: datetime) -> list[NewOperation]:
    """What a lost hint or a dead worker has left lying; the scheduler asks."""
    wanted = [SPREAD] if session.execute(_UNSPREAD).first() is not None else []
    return wanted + [deliver(subscription_id) for subscription_id in session.scalars(_WITH_WORK)]
