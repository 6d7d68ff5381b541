"""What the pages of a channel say about what it still has to be told, and what it could not be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, ScalarSelect, Select, func, select, text
from sqlalchemy.orm import Session

from webapp.orders.models import IntegrationAction, Order

COUNTED_AT_MOST: Final = 10_000
SHOWN: Final = 5
LISTED: Final = 1_000

# Written out, for the partial indexes.
_IS_OPEN = text("integration_action.state IN ('waiting', 'failed')")
_IS_STUCK = text("integration_action.state IN ('given_up', 'unsupported')")


@dataclass(frozen=True)
class Outbox:
    """How much is on its way, how much only a person can go on with (counted to 10,001), and the newest of those."""

    open: int
    stuck: int
    given_up: int
    newest_stuck: Sequence[Row[*tuple[Any, ...]]]


def outbox(session: Session, channel_id: int) -> Outbox:
    """The channel's outbox as it stands."""
    of_channel = select(IntegrationAction.id).where(IntegrationAction.channel_id == channel_id)
    stuck = of_channel.where(_IS_STUCK)
    counts = session.execute(
        select(
            _capped(of_channel.where(_IS_OPEN)),
            _capped(stuck),
            _capped(stuck.where(IntegrationAction.state == "given_up")),
        )
    ).one()
    newest = _newest(session, channel_id) if counts[1] else ()
    return Outbox(*counts, newest)


def unfinished(session: Session, channel_id: int) -> list[tuple[IntegrationAction, str]]:
    """What still has to go and what only a person can go on with, with the orders' numbers, oldest first; 1,000 of it."""
    query = (
        select(IntegrationAction, Order.number)
        .join(Order, Order.id == IntegrationAction.order_id)
        .where(
            IntegrationAction.channel_id == channel_id,
            text("integration_action.state IN ('waiting', 'failed', 'given_up', 'unsupported')"),
        )
        .order_by(IntegrationAction.id)
        .limit(LISTED)
    )
    return [(action, number) for action, number in session.execute(query)]


def _newest(session: Session, channel_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    query = (
        select(
            IntegrationAction.id,
            IntegrationAction.kind,
            IntegrationAction.state,
            IntegrationAction.failure_words,
            IntegrationAction.ended_at,
            IntegrationAction.created_at,
            IntegrationAction.order_id,
            Order.number,
        )
        .join(Order, Order.id == IntegrationAction.order_id)
        .where(IntegrationAction.channel_id == channel_id, _IS_STUCK)
        .order_by(IntegrationAction.id.desc())
        .limit(SHOWN)
    )
    return session.execute(query).all()


def _capped(query: Select[int]) -> ScalarSelect[int]:
    return select(func.count()).select_from(query.limit(COUNTED_AT_MOST + 1).subquery()).scalar_subquery()
