"""Orders, by the reference's names. Each method says the story; the work is in the file of its topic."""

import uuid
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any, Unpack

from sqlalchemy.orm import Session

from webapp.channels.models import Channel
from webapp.core.audit import SYSTEM, AuditContext, record
from webapp.core.errors import NotFound
from webapp.core.operations import Operation
from webapp.core.text import N_
from webapp.orders.addresses import Side
from webapp.orders.enums import CancelStatus, OrderStatus
from webapp.orders.inputs import AddressDraft, MoveItems, OrderDraft, PackageDraft
from webapp.orders.locks import lock_order
from webapp.orders.models import CancellationPlan, Order, OrderItem, Package
from webapp.orders.service.addresses import Changed, change_address
from webapp.orders.service.cancellation.asking import CancelWishes, GivenReason, as_request
from webapp.orders.service.cancellation.authority import Authority
from webapp.orders.service.cancellation.deciding import Approval, approved_order_cancel, reject_order_cancel
from webapp.orders.service.cancellation.opening import OpenedPlans, open_plans
from webapp.orders.service.cancellation.opening import diagnose as draft_of
from webapp.orders.service.cancellation.progressing import progress_cancel_status
from webapp.orders.service.cancellation.statuses import update_cancel_status, update_cancellation_plan
from webapp.orders.service.editing import edit_order, logged
from webapp.orders.service.moving import Moved, move_items
from webapp.orders.service.notes import NewNote, add_note
from webapp.orders.service.packing import split_packages
from webapp.orders.service.redistributing import redistribute
from webapp.orders.service.standing import derived, touch
from webapp.orders.service.store import (
    accept_in_store,
    confirm_pay_on_delivery,
    create_mapping,
    deliver_in_store,
    mark_as_not_sent,
)
from webapp.orders.service.tracking import (
    UploadStatus,
    bulk_tracking_number_update,
    bulk_tracking_number_update_status,
)
from webapp.orders.service.wording import said_by
from webapp.orders.service.write_orders import create_order
from webapp.payments.history import get_payment_history, get_transaction_amount


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

    def create_drafted(self, draft: OrderDraft, audit_context: AuditContext) -> int:
        """A new order of the draft's channel; its id. Raises as `create_order`, and NotFound without the channel."""
        channel = self.session.get(Channel, draft.channel_id)
        if channel is None:
            raise NotFound(N_("There is no such channel."))
        return create_order(self.session, channel, draft, audit_context)

    def edit(self, order_id: int, audit_context: AuditContext, **kwargs: Any) -> Order:
        """`update_order` for whoever knows the order's id alone. Raises as it does, and NotFound."""
        return edit_order(self.session, order_id, kwargs, audit_context, version=None)

    def update_order(
        self, order: Order, audit_context: AuditContext, *, version: int | None = None, **kwargs: Any
    ) -> Order:
        """Change columns that are neither money nor a status; `version` is the one the editor has seen.

        Raises InvalidInput for any other column, and Conflict when the order has changed since.
        """
        return edit_order(self.session, order.id, kwargs, audit_context, version=version)

    def change_shipping_address(
        self, order: Order, address: AddressDraft, audit_context: AuditContext, *, version: int | None = None
    ) -> Changed:
        """Write it, propose it to the channel or ask the carrier, as stage and channel have it (orders/addresses.py).

        Raises InvalidInput, AddressRefused, PermissionDenied for a redirect, and Conflict when the order is no
        longer that version or an earlier change waits for its answer.
        """
        return change_address(self.session, order.id, Side.SHIPPING, address, audit_context, version=version)

    def change_billing_address(
        self, order: Order, address: AddressDraft, audit_context: AuditContext, *, version: int | None = None
    ) -> Changed:
        """Free until an invoice number exists. Raises as for the shipping address."""
        return change_address(self.session, order.id, Side.BILLING, address, audit_context, version=version)

    def order_status_update(self, order: Order, audit_context: AuditContext = SYSTEM) -> Order:
        """Set the order's status and flags to what its items and plans make of it; right ones are left alone."""
        order = lock_order(self.session, order.id, acting=audit_context)
        changes = {
            name: [getattr(order, name), value]
            for name, value in derived(self.session, order).items()
            if getattr(order, name) != value
        }
        if changes:
            for name, (_, new) in changes.items():
                setattr(order, name, new)
            touch(order, status_before=changes.get("status", [None])[0])
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

    def derived_status(self, order: Order) -> OrderStatus:
        """The status that the order's items and plans make, without writing it; order_status_update applies it."""
        return OrderStatus(derived(self.session, order)["status"])

    def change_order_status(
        self,
        order: Order,
        status: OrderStatus,
        audit_context: AuditContext,
        *,
        order_items: Collection[OrderItem] | None = None,
        reason: str = "",
        version: int | None = None,
    ) -> Moved:
        """Move all live items together, or exactly `order_items`; the order's status follows from them.

        Raises TransitionNotAllowed naming every item that cannot go there, PermissionDenied and InvalidInput for a
        step back without its permission or reason, and Conflict when the order is no longer that version.
        """
        items = None if order_items is None else frozenset(item.id for item in order_items)
        move = MoveItems(status, items, reason)
        return move_items(self.session, order.id, move, audit_context, version=version)

    def confirm_pay_on_delivery(
        self, order: Order, audit_context: AuditContext, *, version: int | None = None
    ) -> Moved:
        """Approve what waits to be confirmed of an order that is paid at the door, here and at its vendors."""
        return confirm_pay_on_delivery(self.session, order.id, audit_context, version=version)

    def accept_in_store(
        self, order: Order, audit_context: AuditContext, *, version: int | None = None
    ) -> Moved:
        """The order can be picked up from the store."""
        return accept_in_store(self.session, order.id, audit_context, version=version)

    def deliver_in_store(
        self, order: Order, audit_context: AuditContext, *, version: int | None = None
    ) -> Moved:
        """The order has been picked up from the store."""
        return deliver_in_store(self.session, order.id, audit_context, version=version)

    def mark_as_not_sent(
        self, order: Order, audit_context: AuditContext, *, version: int | None = None
    ) -> Order:
        """The order is approved but not with the warehouse."""
        return mark_as_not_sent(self.session, order.id, audit_context, version=version)

    def split_packages(
        self,
        order: Order,
        packages: Sequence[PackageDraft],
        audit_context: AuditContext,
        *,
        version: int | None = None,
    ) -> list[Package]:
        """Pack the open items into these parcels, splitting items off where only a part goes into one.

        Raises InvalidInput for what cannot be packed so, Conflict for what has left already.
        """
        return split_packages(self.session, order.id, packages, audit_context, version=version)

    def create_mapping(
        self,
        order_item: OrderItem,
        audit_context: AuditContext,
        *,
        stock_list_id: int | None = None,
        version: int | None = None,
    ) -> OrderItem:
        """Let go of what the item has reserved, or reserve it in that stock list."""
        return create_mapping(
            self.session, order_item.id, audit_context, stock_list_id=stock_list_id, version=version
        )

    def set_distribute_interest_amount(self, order: Order, audit_context: AuditContext = SYSTEM) -> Order:
        """Distribute discounts, shipping and interest over the items anew, by what the order's rows say.

        Raises Conflict when a cancellation or a split line stands on the shares as they are.
        """
        order = lock_order(self.session, order.id, acting=audit_context)
        redistribute(self.session, order, audit_context)
        return order

    def cancel_order(
        self,
        order: Order,
        reasons: Sequence[GivenReason],
        audit_context: AuditContext,
        *,
        diagnose: bool = False,
        refund_invoice_number: str | None = None,
        version: int | None = None,
        **wishes: Unpack[CancelWishes],
    ) -> OpenedPlans:
        """Open the plans of one action, or with `diagnose` only say what they would be: then `plans` is empty.

        Raises OverlappingParameters, NothingNamed, MissingReason, InvalidInput, PermissionDenied,
        PurchaseTransactionNotFound, and Conflict when the order is no longer that version.
        """
        request = as_request(self.session, reasons, wishes)
        if diagnose:
            return OpenedPlans((), draft_of(self.session, order, request))
        return open_plans(
            self.session,
            order.id,
            request,
            self._by(audit_context),
            refund_invoice_number=refund_invoice_number,
            expected_version=version,
        )

    def update_cancellation_plan(
        self,
        cancellation_plan: CancellationPlan,
        status: CancelStatus | None,
        audit_context: AuditContext,
        *,
        words: str = "",
        refund_invoice_number: str | None = None,
    ) -> CancellationPlan:
        """Move a plan to that status, by the method that guards it, and write its invoice number.

        Raises what that method refuses.
        """
        return update_cancellation_plan(
            self.session,
            cancellation_plan.id,
            self._by(audit_context),
            cancel_status=status,
            words=words,
            refund_invoice_number=refund_invoice_number,
        )

    def approved_order_cancel(
        self,
        order: Order,
        invoice_number: str | None,
        audit_context: AuditContext,
        *,
        plan_id: int | None = None,
        version: int | None = None,
    ) -> Approval:
        """Approve the order's open action; figures that changed since send it back instead (`is_approved`).

        Raises PermissionDenied, MoreThanOneOpenPlan, and Conflict when somebody has decided already.
        """
        return approved_order_cancel(
            self.session,
            order.id,
            self._by(audit_context),
            invoice_number=invoice_number,
            plan_id=plan_id,
            expected_version=version,
        )

    def reject_order_cancel(
        self,
        order: Order,
        audit_context: AuditContext,
        *,
        words: str = "",
        plan_id: int | None = None,
        version: int | None = None,
    ) -> list[CancellationPlan]:
        """Put every item of the order's open action back to its stored status. Raises as approval does."""
        return reject_order_cancel(
            self.session,
            order.id,
            self._by(audit_context),
            words=words,
            plan_id=plan_id,
            expected_version=version,
        )

    def update_cancel_status(
        self,
        order: Order,
        order_items: Collection[OrderItem],
        cancel_status: CancelStatus,
        audit_context: AuditContext,
        *,
        words: str = "",
    ) -> list[CancellationPlan]:
        """Move the plan of exactly these items. Raises UpdateCancelStatusRefused for a part of one, or several."""
        items = [item.id for item in order_items]
        return update_cancel_status(
            self.session, order.id, items, cancel_status, self._by(audit_context), words=words
        )

    def progress_cancel_status(
        self,
        payment_type: str,
        cancel_status: CancelStatus,
        audit_context: AuditContext,
        *,
        reference: str = "",
    ) -> tuple[Operation, bool]:
        """Have all open plans of orders paid so moved to that status; the operation tells of each."""
        return progress_cancel_status(
            self.session, payment_type, cancel_status, self._by(audit_context), reference=reference
        )

    def get_payment_history(self, order: Order, audit_context: AuditContext) -> tuple[Operation, bool]:
        """Ask the gateways for the order's payments; payments/history.py reads what the operation was told.

        A second asker joins the question that is open (False). Raises Conflict when there is no gateway to ask.
        """
        return get_payment_history(self.session, order.id, audit_context)

    def get_transaction_amount(self, order: Order) -> Decimal | None:
        """What the gateways took less what went back, by their last word; None when they were never asked."""
        return get_transaction_amount(self.session, order.id)

    def bulk_tracking_number_update(
        self, upload_id: int, audit_context: AuditContext
    ) -> tuple[Operation, bool]:
        """Have the tracking numbers of an uploaded file (service/tracking) applied; asked again it is the same work.

        Raises NotFound, and Conflict when nothing of it will ship.
        """
        return bulk_tracking_number_update(self.session, upload_id, audit_context)

    def bulk_tracking_number_update_status(self, upload_id: int) -> UploadStatus:
        """How such a file stands, with counts that add up. Raises NotFound."""
        return bulk_tracking_number_update_status(self.session, upload_id)

    def _by(self, audit_context: AuditContext) -> Authority:
        return Authority.of_staff(self.session, audit_context)

    def add_note(
        self,
        order: Order,
        body: str,
        audit_context: AuditContext,
        *,
        submission: uuid.UUID | None = None,
        mentions: Collection[int] = (),
        must_read: bool = False,
    ) -> bool:
        """Leave a note for colleagues; False when this submission of the form was taken already."""
        new = NewNote(order.id, body, submission or uuid.uuid4(), tuple(mentions), must_read)
        return add_note(self.session, new, audit_context)
