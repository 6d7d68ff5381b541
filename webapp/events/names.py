"""The events that other systems can subscribe to. Pure."""

from enum import StrEnum
from typing import Final

from webapp.core.text import N_


class EventName(StrEnum):
    """What is on the wire in `type`; a name never changes its meaning."""

    ORDER_CREATED = "order.created"
    ORDER_UPDATED = "order.updated"
    ORDER_STATUS_CHANGED = "order.status_changed"
    PLAN_CREATED = "cancellation_plan.created"
    PLAN_APPROVED = "cancellation_plan.approved"
    PLAN_REJECTED = "cancellation_plan.rejected"
    PLAN_COMPLETED = "cancellation_plan.completed"
    REFUND_SETTLED = "refund.settled"
    REFUND_FAILED = "refund.failed"

    @property
    def label(self) -> str:
        """English words for staff, to be translated where shown."""
        return _LABELS[self]


# Sent to one subscription when somebody presses its button; nobody subscribes to it.
TEST_EVENT: Final = "webhook.test"

_LABELS: Final = {
    EventName.ORDER_CREATED: N_("An order is new"),
    EventName.ORDER_UPDATED: N_("Anything about an order changed"),
    EventName.ORDER_STATUS_CHANGED: N_("An order has another status"),
    EventName.PLAN_CREATED: N_("A cancellation was opened"),
    EventName.PLAN_APPROVED: N_("A cancellation was approved"),
    EventName.PLAN_REJECTED: N_("A cancellation was rejected"),
    EventName.PLAN_COMPLETED: N_("A cancellation is completed: all it owed was paid back"),
    EventName.REFUND_SETTLED: N_("A refund was paid back"),
    EventName.REFUND_FAILED: N_("A refund was declined, or came back"),
}
