"""What the pages and the API show of subscriptions and their deliveries; `scope` as in subscriptions.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Row, Select, func, literal, select, text
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.core.errors import NotFound
from webapp.core.paging import Ordering
from webapp.core.text import N_
from webapp.events.models import Event, WebhookDelivery, WebhookSubscription
from webapp.webhooks.subscriptions import GONE, Scope, is_within

Deliveries = Select[WebhookDelivery, Event]
NEWEST_FIRST = Ordering((WebhookDelivery.id,))
COUNTED_AT_MOST = 1_000  # "1,000+": beyond that nobody counts


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"

    @property
    def label(self) -> str:
        """English words for staff, to be translated where shown."""
        return {"waiting": N_("Waiting"), "delivered": N_("Delivered"), "failed": N_("Failed")}[self.value]

    @property
    def dot(self) -> str:
        """The colour of its dot."""
        return {"waiting": "amber", "delivered": "green", "failed": "red"}[self.value]


@dataclass(frozen=True)
class Standing:
    """A subscription with how its deliveries stand; counts end at `COUNTED_AT_MOST`."""

    subscription: WebhookSubscription
    created_by: str | None
    waiting: int
    failed: int


def subscriptions(session: Session, scope: Scope) -> list[Standing]:
    """All that the reader may know of, in the order in which they were added."""
    rows = session.execute(_STANDINGS.order_by(WebhookSubscription.id)).all()
    return [Standing(*row) for row in rows if is_within(row[0].channels, scope)]


def subscription(session: Session, scope: Scope, subscription_id: int) -> Standing:
    """One of them. Raises NotFound also for one that the reader may not know of."""
    row = session.execute(_STANDINGS.where(WebhookSubscription.id == subscription_id)).one_or_none()
    if row is None or not is_within(row[0].channels, scope):
        raise NotFound(GONE)
    return Standing(*row)


def deliveries_of(subscription_id: int, states: Sequence[DeliveryState] = ()) -> Deliveries:
    """(delivery, its event); no `states`: in every state."""
    query = (
        select(WebhookDelivery, Event)
        .join(Event, Event.id == WebhookDelivery.event_id)
        .where(WebhookDelivery.subscription_id == subscription_id)
    )
    return query.where(WebhookDelivery.state.in_([state.value for state in states])) if states else query


def deliveries(
    session: Session,
    subscription_id: int,
    *,
    states: Sequence[DeliveryState] = (),
    before_id: int | None = None,
    limit: int,
) -> Sequence[Row[WebhookDelivery, Event]]:
    """One page of them, the newest first."""
    query = deliveries_of(subscription_id, states)
    if before_id is not None:
        query = query.where(WebhookDelivery.id < before_id)
    return session.execute(query.order_by(WebhookDelivery.id.desc()).limit(limit)).all()


def _count(state: DeliveryState) -> ColumnElement[int]:
    """How many deliveries of a subscription are in this state, counted to `COUNTED_AT_MOST`."""
    # Written out, not bound: the planner takes a partial index only for a condition that it can read.
    found = select(literal(1)).where(
        WebhookDelivery.subscription_id == WebhookSubscription.id, text(f"state = '{state.value}'")
    )
    capped = found.limit(COUNTED_AT_MOST).correlate(WebhookSubscription).subquery()
    return select(func.count()).select_from(capped).scalar_subquery()


# In the order of Standing's fields.
_STANDINGS = select(
    WebhookSubscription, StaffUser.name, _count(DeliveryState.WAITING), _count(DeliveryState.FAILED)
).outerjoin(StaffUser, StaffUser.id == WebhookSubscription.created_by_id)
