"""What the pages and the API show of subscriptions and their deliveries; `scope` as in subscriptions.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Row, Select, select, text
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.core.errors import NotFound
from webapp.core.text import N_
from webapp.events.models import Event, WebhookDelivery, WebhookSubscription
from webapp.webhooks.subscriptions import GONE, Scope, is_within

COUNTED_AT_MOST = 1_000  # "1,000+": beyond that nobody counts
LARGEST_ID = 2**63 - 1  # of PostgreSQL's bigint
_COUNT = text("""
SELECT count(*) FROM (SELECT 1 FROM webhook_delivery
    WHERE subscription_id = :subscription AND state = :state LIMIT :most) AS counted
""")


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
    rows = session.execute(_with_names().order_by(WebhookSubscription.id)).all()
    return [_standing(session, row[0], row[1]) for row in rows if is_within(row[0].channels, scope)]


def subscription(session: Session, scope: Scope, subscription_id: int) -> Standing:
    """One of them. Raises NotFound also for one that the reader may not know of."""
    row = None
    if subscription_id <= LARGEST_ID:
        row = session.execute(_with_names().where(WebhookSubscription.id == subscription_id)).one_or_none()
    if row is None or not is_within(row[0].channels, scope):
        raise NotFound(GONE)
    return _standing(session, row[0], row[1])


def deliveries(
    session: Session,
    subscription_id: int,
    *,
    states: Sequence[DeliveryState] = (),
    before_id: int | None = None,
    limit: int,
) -> Sequence[Row[WebhookDelivery, Event]]:
    """(delivery, its event), the newest first; no `states`: in every state."""
    query = (
        select(WebhookDelivery, Event)
        .join(Event, Event.id == WebhookDelivery.event_id)
        .where(WebhookDelivery.subscription_id == subscription_id)
    )
    if states:
        query = query.where(WebhookDelivery.state.in_([state.value for state in states]))
    if before_id is not None:
        query = query.where(WebhookDelivery.id < before_id)
    return session.execute(query.order_by(WebhookDelivery.id.desc()).limit(limit)).all()


def _with_names() -> Select[WebhookSubscription, str]:
    return select(WebhookSubscription, StaffUser.name).outerjoin(
        StaffUser, StaffUser.id == WebhookSubscription.created_by_id
    )


def _standing(session: Session, found: WebhookSubscription, created_by: str | None) -> Standing:
    return Standing(
        subscription=found,
        created_by=created_by,
        waiting=_count(session, found.id, DeliveryState.WAITING),
        failed=_count(session, found.id, DeliveryState.FAILED),
    )


def _count(session: Session, subscription_id: int, state: DeliveryState) -> int:
    values = {"subscription": subscription_id, "state": state.value, "most": COUNTED_AT_MOST}
    return int(session.execute(_COUNT, values).scalar_one())
