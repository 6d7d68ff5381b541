"""The outbox: what a channel must be told, written in the transaction of the change and delivered in order per order."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext
from webapp.orders.enums import ActionKind
from webapp.orders.models import IntegrationAction, Order


class IntegrationActionService:
    """Leaves word for a channel, in the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def create(
        self,
        order: Order,
        kind: ActionKind,
        args: Mapping[str, Any],
        audit_context: AuditContext,
        *,
        order_item_id: int | None = None,
    ) -> IntegrationAction:
        """Have the order's channel told. `args` hold ids and plain facts; personal data are read when it is sent."""
        action = IntegrationAction(
            channel_id=order.channel_id,
            order_id=order.id,
            order_item_id=order_item_id,
            kind=kind.value,
            args=dict(args),
            requested_by_id=audit_context.staff_id,
        )
        self.session.add(action)
        return action
