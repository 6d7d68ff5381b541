"""Vendors of an order, by the reference's names: mirrored (vendors.py), and what they say written into the order."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.auth.roles import Permission
from webapp.cargo.carriers import no_such_carrier
from webapp.cargo.models import CargoCompany
from webapp.core.audit import SYSTEM, AuditContext, record
from webapp.core.clock import utc_now
from webapp.core.errors import InvalidInput, NotFound, TransitionNotAllowed
from webapp.core.overtaken import overtaken
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.enums import LEFT_STATUSES, LIVE_STATUSES, OrderStatus
from webapp.orders.inputs import MoveItems, VendorWord
from webapp.orders.locks import lock_order
from webapp.orders.models import Order, OrderItem, VendorOrder, VendorOrderItem
from webapp.orders.service.moving import items_under_lock, move_items, name_of, require_moving
from webapp.orders.service.tracking.facts import read_orders
from webapp.orders.service.tracking.shipping import Shipment, ship
from webapp.orders.service.vendors import mirror_vendor_items
from webapp.orders.service.wording import listed

SAID: Final = "vendor_order.said"
LONGEST_NUMBER: Final = 64  # characters; the column
# Where a vendor can bring its items; what it cannot supply is cancelled by a plan.
VENDOR_SAYS: Final = (
    OrderStatus.PREPARING,
    OrderStatus.SHIPPED,
    OrderStatus.SHIPPED_AND_INFORMED,
    OrderStatus.ATTEMPTED_DELIVERY,
    OrderStatus.DELIVERED,
)
# From these an item can leave by a vendor's word; others must be paid, confirmed or decided about first.
CAN_LEAVE: Final = frozenset({OrderStatus.APPROVED, OrderStatus.PREPARING})


class VendorOrderService:
    """What can be done with the parts of orders that others supply, in the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def create(self, order: Order) -> list[VendorOrder]:
        """Mirror the order's vendor items; pulls do so by themselves. Gives the vendor orders that it has."""
        lock_order(self.session, order.id)
        mirror_vendor_items(self.session, [order.id])
        return self.of_order(order.id)

    def of_order(self, order_id: int) -> list[VendorOrder]:
        """The order's vendor orders as they are now."""
        query = select(VendorOrder).where(VendorOrder.order_id == order_id).order_by(VendorOrder.id)
        return list(self.session.scalars(query.execution_options(populate_existing=True)))

    def says(
        self,
        vendor_order_id: int,
        word: VendorWord,
        audit_context: AuditContext,
        *,
        version: int | None = None,
    ) -> VendorOrder:
        """Write what the vendor says into the order: its items move, ship, and the channel is told.

        Raises PermissionDenied, NotFound, Conflict when the vendor order is no longer at `version` or a note is unread,
        TransitionNotAllowed naming each item that cannot go, InvalidInput for words that say nothing.
        """
        audit_context = _answering(self.session, audit_context)
        vendor_order = self._locked(vendor_order_id, version, audit_context)
        lines = self._lines(vendor_order, word.items)
        number = _number(word)
        if number:
            self._note_parcel(lines, number, word)
            items = self._items(vendor_order.order_id, [line.order_item_id for line in lines])
            self.send_shipping_info(items, audit_context)
        # A parcel's number has shipped them already.
        if word.status is not None and not (number and word.status is OrderStatus.SHIPPED):
            chosen = frozenset(line.order_item_id for line in lines)
            move_items(self.session, vendor_order.order_id, MoveItems(word.status, chosen), audit_context)
        self.session.flush()
        before = vendor_order.version
        mirror_vendor_items(self.session, [vendor_order.order_id])
        self.session.refresh(vendor_order)
        if number and vendor_order.version == before:
            # Only the parcel is new.
            vendor_order.version, vendor_order.modified_at = before + 1, utc_now()
        self._record(vendor_order, word, number, audit_context)
        return vendor_order

    def send_shipping_info(
        self, order_items: Sequence[OrderItem], audit_context: AuditContext = SYSTEM
    ) -> int:
        """Have the orders' items follow what their vendors say of parcels: number, carrier, shipped, channel told.

        Items without a vendor, or whose parcel is known, are left alone; how many followed. Raises TransitionNotAllowed
        naming the items that may not leave yet, or not any more; then none does.
        """
        lines = self._told_parcels([item.id for item in order_items])
        followed = 0
        for order_id in sorted({item.order_id for item in order_items if item.id in lines}):
            lock_order(self.session, order_id, acting=audit_context)
            items = {
                item.id: item
                for item in items_under_lock(self.session, self.session.get_one(Order, order_id))
                if item.id in lines and item.tracking_number != lines[item.id].tracking_number
            }
            _require_leaving(items.values())
            followed += self._ship(order_id, items, lines, audit_context)
        return followed

    def _ship(
        self,
        order_id: int,
        items: dict[int, OrderItem],
        lines: dict[int, VendorOrderItem],
        context: AuditContext,
    ) -> int:
        """One shipment a parcel."""
        parcels: dict[tuple[str, int | None, str], list[OrderItem]] = {}
        for item_id, item in items.items():
            line = lines[item_id]
            parcel = (line.tracking_number or "", line.cargo_company_id, line.tracking_url or "")
            parcels.setdefault(parcel, []).append(item)
        shipments = [
            Shipment(
                order_id,
                number,
                moving=tuple(item.id for item in inside if item.status in CAN_LEAVE),
                numbered=tuple(item.id for item in inside if item.status not in CAN_LEAVE),
                cargo_company_id=carrier,
                tracking_url=url,
            )
            for (number, carrier, url), inside in parcels.items()
        ]
        self.session.flush()
        ship(self.session, read_orders(self.session, [order_id]), shipments, context)
        # Written beside the objects that this session knows.
        self.session.expire_all()
        return len(items)

    def _locked(self, vendor_order_id: int, version: int | None, context: AuditContext) -> VendorOrder:
        order_id = self.session.scalar(select(VendorOrder.order_id).where(VendorOrder.id == vendor_order_id))
        if order_id is None:
            raise NotFound(N_("There is no such vendor order."))
        lock_order(self.session, order_id, acting=context)
        vendor_order = self.session.get_one(VendorOrder, vendor_order_id, populate_existing=True)
        if version is not None and version != vendor_order.version:
            raise overtaken(
                self.session,
                ("vendor_order", vendor_order_id),
                N_(
                    "%(who)s has changed the vendor's part of this order meanwhile. Look at it, then save again."
                ),
                code="stale_version",
                details={"version": vendor_order.version},
            )
        return vendor_order

    def _lines(self, vendor_order: VendorOrder, chosen: frozenset[int] | None) -> list[VendorOrderItem]:
        """The vendor's live lines, or the chosen ones."""
        query = select(VendorOrderItem).where(VendorOrderItem.vendor_order_id == vendor_order.id)
        rows = list(
            self.session.scalars(query.order_by(VendorOrderItem.id).execution_options(populate_existing=True))
        )
        if chosen is None:
            lines = [line for line in rows if line.status in LIVE_STATUSES]
        else:
            lines = [line for line in rows if line.order_item_id in chosen]
            if len(lines) < len(chosen):
                words = N_("An item that was chosen is not this vendor's.")
                raise InvalidInput(words, fields={"items": [words]})
        if not lines:
            words = N_("Choose at least one item that is still to come.")
            raise InvalidInput(words, fields={"items": [words]})
        return lines

    def _note_parcel(self, lines: Sequence[VendorOrderItem], number: str, word: VendorWord) -> None:
        if word.cargo_company_id is not None and not self.session.get(CargoCompany, word.cargo_company_id):
            words = no_such_carrier(self.session)
            raise InvalidInput(words, fields={"cargo_company_id": [words]})
        for line in lines:
            line.tracking_number, line.tracking_url = number, word.tracking_url or None
            line.cargo_company_id = word.cargo_company_id
        self.session.flush()

    def _told_parcels(self, item_ids: Collection[int]) -> dict[int, VendorOrderItem]:
        query = select(VendorOrderItem).where(
            VendorOrderItem.order_item_id.in_(item_ids), VendorOrderItem.tracking_number.is_not(None)
        )
        return {line.order_item_id: line for line in self.session.scalars(query)}

    def _items(self, order_id: int, item_ids: Collection[int]) -> list[OrderItem]:
        query = select(OrderItem).where(OrderItem.order_id == order_id, OrderItem.id.in_(item_ids))
        return list(self.session.scalars(query.order_by(OrderItem.id)))

    def _record(
        self, vendor_order: VendorOrder, word: VendorWord, number: str, context: AuditContext
    ) -> None:
        said = [word.status.label] if word.status is not None else []
        record(
            self.session,
            context,
            SAID,
            subject=("vendor_order", vendor_order.id),
            order_id=vendor_order.order_id,
            summary=": ".join([*said, number] if number else said),
            changes={"version": [vendor_order.version - 1, vendor_order.version]},
        )
        self.session.flush()


def _answering(session: Session, context: AuditContext) -> AuditContext:
    """Whoever answers for a vendor moves its items forward, though the token may move no others. Raises PermissionDenied."""
    if context.granted is not None and Permission.VENDOR_ORDERS in context.granted:
        context = replace(context, granted=context.granted | {Permission.ORDERS_CHANGE_STATUS})
    require_moving(session, context)
    return context


def _number(word: VendorWord) -> str:
    """The parcel's number. Raises InvalidInput for one that is too long, and for words that say nothing at all."""
    number = word.tracking_number.strip()
    if len(number) > LONGEST_NUMBER:
        words: str = said(N_("A tracking number has at most %(most)s characters."), most=LONGEST_NUMBER)
        raise InvalidInput(words, fields={"tracking_number": [words]})
    if not number and word.status is None:
        words = N_("Say where the items stand, or give the number of their parcel.")
        raise InvalidInput(words, fields={"status": [words]})
    if number and word.status is not None and word.status not in LEFT_STATUSES:
        words = N_("What has a parcel's number has left: choose shipped or later, or give no number.")
        raise InvalidInput(words, fields={"status": [words]})
    return number


def _require_leaving(items: Collection[OrderItem]) -> None:
    cannot = [
        f"{name_of(item)} is {OrderStatus(item.status).label.lower()} ({item.status})"
        for item in items
        if item.status not in CAN_LEAVE | LEFT_STATUSES
    ]
    if cannot:
        raise TransitionNotAllowed(
            said(N_("Nothing was shipped. %(items)s; only approved items can leave."), items=listed(cannot))
        )
