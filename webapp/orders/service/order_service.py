"""Orders, by the reference's names. Each method says the story; the work is in the file of its topic."""

import uuid
from typing import Any

from sqlalchemy.orm import Session

from webapp.channels.models import Channel
from webapp.core.audit import SYSTEM, AuditContext, record
from webapp.orders.inputs import OrderDraft
from webapp.orders.locks import lock_order
from webapp.orders.models import Order
from webapp.orders.service.editing import edit_order, logged
from webapp.orders.service.notes import NewNote, add_note
from webapp.orders.service.redistributing import redistribute
from webapp.orders.service.standing import derived, touch
from webapp.orders.service.wording import said_by
from webapp.orders.service.write_orders import create_order


class OrderService:
    """What can be done with an order, in the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def create_order(
        self, number: str, channel: Channel, *, audit_context: AuditContext = SYSTEM, **kwargs: Any
    ) -> Order:
        """A new order of this channel; `kwargs` are the other fields of an OrderDraft.

        Raises OrderDuplicatedFieldException, by the constraint, when the channel has that number already.
        """
        draft = OrderDraft(channel_id=channel.id, number=number, **kwargs)
        order_id = create_order(self.session, channel, draft, audit_context)
        return self.session.get_one(Order, order_id)

    def update_order(
        self, order: Order, audit_context: AuditContext, *, version: int | None = None, **kwargs: Any
    ) -> Order:
        """Change columns that are neither money nor a status; `version` is the one the editor has seen.

        Raises InvalidInput for any other column, and Conflict when the order has changed since.
        """
        return edit_order(self.session, order.id, kwargs, audit_context, version=version)

    def order_status_update(self, order: Order, audit_context: AuditContext = SYSTEM) -> Order:
        """Set the order's status and flags to what its items and plans make of it; right ones are left alone."""
        order = lock_order(self.session, order.id)
        changes = {
            name: [getattr(order, name), value]
            for name, value in derived(self.session, order).items()
            if getattr(order, name) != value
        }
        if changes:
            for name, (_, new) in changes.items():
                setattr(order, name, new)
            touch(order)
            record(
                self.session,
                audit_context,
                "order.status.derived",
                subject=("order", order.id),
                order_id=order.id,
                summary=said_by(audit_context, "derived the status from the items"),
                changes=logged(changes, changes),
            )
            self.session.flush()
        return order

    def set_distribute_interest_amount(self, order: Order, audit_context: AuditContext = SYSTEM) -> Order:
        """Distribute discounts, shipping and interest over the items anew, by what the order's rows say.

        Raises Conflict when a cancellation or a split line stands on the shares as they are.
        """
        order = lock_order(self.session, order.id)
        redistribute(self.session, order, audit_context)
        return order

    def add_note(
        self, order: Order, body: str, audit_context: AuditContext, *, submission: uuid.UUID | None = None
    ) -> bool:
        """Leave a note for colleagues; False when this submission of the form was taken already."""
        return add_note(self.session, NewNote(order.id, body, submission or uuid.uuid4()), audit_context)
