"""Writing events in the transaction of the change, in one statement, and only those that somebody wants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.core.bulk import Rows
from webapp.core.db import after_commit, unit_of_work
from webapp.core.operations import NewOperation, Queue, create
from webapp.events.models import Event
from webapp.events.names import EventName

SPREAD_KIND: Final = "webhooks.spread"
# There is one queue of events, so one worker at a time sorts them out.
SPREAD: Final = NewOperation(kind=SPREAD_KIND, queue=Queue.WEBHOOKS, dedupe_key="all", args={})

_EVENTS: Final = Rows(Event, "name channel_id order_id subject facts")
# A second one of the same transaction says how it ended; where it began is what the first one said.
_ONCE: Final = """
ON CONFLICT (transaction_id, name, subject) WHERE NOT is_spread DO UPDATE
SET facts = event.facts || excluded.facts || CASE WHEN jsonb_exists(event.facts, 'previous_status')
    THEN jsonb_build_object('previous_status', event.facts -> 'previous_status') ELSE '{}' END
"""
_WANTED: Final = text("SELECT events, channels FROM webhook_subscription")


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened. `subject` is the id of what it happened to; `facts` name nobody."""

    name: EventName
    channel_id: int
    order_id: int
    subject: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def announce(session: Session, news: Sequence[News]) -> None:
    """Write those of the news that a subscription wants, also a paused one; the caller's unit of work commits them."""
    if not news:
        return
    wanted = {(each.name, each.subject): each for each in _wanted(session, news)}
    if not wanted:
        return
    rows = [(each.name, each.channel_id, each.order_id, each.subject, each.facts) for each in wanted.values()]
    _EVENTS.insert(session, rows, tail=_ONCE)
    after_commit(session, spread_soon)


def spread_soon() -> None:
    """Have a worker write the deliveries. A hook: lost with its process, the scheduler finds the events instead."""
    with unit_of_work() as session:
        create(session, SPREAD)


def is_heard(session: Session) -> bool:
    """Whether there is any subscription, for callers to whom putting news together costs something."""
    return session.execute(_WANTED).first() is not None


def _wanted(session: Session, news: Sequence[News]) -> list[News]:
    subscriptions = session.execute(_WANTED).all()
    return [
        each
        for each in news
        if any(
            each.name in events and (not channels or each.channel_id in channels)
            for events, channels in subscriptions
        )
    ]
