"""Items of an order, by the reference's names."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.cargo.carriers import tracking_url
from webapp.cargo.models import CargoCompany
from webapp.catalog.models import Product
from webapp.channels.models import Channel
from webapp.core.audit import SYSTEM, AuditContext, record
from webapp.core.errors import Conflict, InvalidInput
from webapp.core.money import tax_included
from webapp.core.sentences import mid_sentence, said
from webapp.core.text import N_
from webapp.orders.enums import ENDED_STATUSES, OrderStatus
from webapp.orders.inputs import ItemDraft
from webapp.orders.locks import lock_order
from webapp.orders.models import Order, OrderItem
from webapp.orders.pricing import (
    DiscountStage,
    DiscountStep,
    RowMoney,
    is_divisible,
    split_row,
    steps_to_json,
)
from webapp.orders.service.editing import check_columns, check_version, logged
from webapp.orders.service.redistributing import redistribute
from webapp.orders.service.splitting import split_off
from webapp.orders.service.standing import restate, touch
from webapp.orders.service.stock import StockKey, add_reservations, count_reserved_anew, reserved_of
from webapp.orders.service.vendors import mirror_vendor_items
from webapp.orders.service.wording import listed, said_by
from webapp.orders.service.writing.money import ADDED_HERE

EDITABLE_COLUMNS: Final = frozenset(
    {
        "name",
        "product_id",
        "image",
        "invoice_number",
        "invoice_date",
        "e_archive_url",
        "price_list_id",
        "attributes",
        "attributes_kwargs",
        "localized_attributes",
        "localized_attributes_kwargs",
        "extra_field",
    }
)
SHIPPING_COLUMNS: Final = frozenset(
    {
        "tracking_number",
        "tracking_url",
        "shipping_company",
        "cargo_company_id",
        "carrier_shipping_code",
        "shipment_code",
        "estimated_delivery_date",
        "shipped_date",
        "delivered_date",
    }
)


class OrderItemService:
    """What can be done with an item, in the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def create_order_item(
        self,
        order: Order,
        product: Product | None,
        image: str | None = None,
        *,
        audit_context: AuditContext = SYSTEM,
        **kwargs: Any,
    ) -> OrderItem:
        """Add a line to an order that is there; `kwargs` are the other fields of an ItemDraft.

        The order costs its net more, discounts, shipping and interest are distributed anew, and its stock is
        reserved. Raises Conflict when a cancellation or a split line stands on the amounts, or the line is there.
        """
        order = lock_order(self.session, order.id, acting=audit_context)
        line = _line(self._next_position(order), product, image, kwargs)
        self._refuse_known_line(order, line.remote_line_id)
        item = _new_item(order, line, product, self._stock_list(order))
        self.session.add(item)
        order.amount += line.amount - line.discount_amount
        order.item_count += 1
        self.session.flush()
        redistribute(self.session, order, audit_context)
        restate(self.session, order)
        reserved = reserved_of(item)
        if reserved is not None:
            add_reservations(self.session, dict([reserved]))
        record(
            self.session,
            audit_context,
            "order.item.added",
            subject=("order_item", item.id),
            order_id=order.id,
            summary=said_by(audit_context, f"added {line.name or line.sku}"),
            changes={"amount": [None, str(line.amount)], "quantity": [None, str(line.quantity)]},
        )
        self.session.flush()
        return item

    def update_order_item(
        self,
        order_item: OrderItem,
        image: str | None = None,
        shipping_update: bool = False,
        force: bool = False,
        audit_context: AuditContext = SYSTEM,
        *,
        version: int | None = None,
        **kwargs: Any,
    ) -> OrderItem:
        """Change columns of an item that are neither money nor a status; with `shipping_update` those of its parcel too.

        Raises InvalidInput for any other column, and Conflict for an item that has ended (unless `force`) and for an
        order that is no longer at `version`.
        """
        columns = kwargs if image is None else {**kwargs, "image": image}
        allowed = EDITABLE_COLUMNS | SHIPPING_COLUMNS if shipping_update else EDITABLE_COLUMNS
        check_columns(OrderItem, columns, allowed)
        order = lock_order(self.session, order_item.order_id, acting=audit_context)
        check_version(self.session, order, version)
        self.session.refresh(order_item)
        if order_item.status in ENDED_STATUSES and not force:
            ended = mid_sentence(OrderStatus(order_item.status).label)
            raise Conflict(said(N_("The item is %(ended)s: nothing about it changes any more."), ended=ended))
        changes = self._changed(order_item, columns)
        if changes:
            self._write(order, order_item, changes, audit_context)
        return order_item

    def update_order_item_send_stock(
        self, order_item: OrderItem, audit_context: AuditContext = SYSTEM
    ) -> Decimal | None:
        """Count anew how much of the item's product open orders have reserved; gives it, None for unmapped items."""
        if order_item.product_id is None or order_item.stock_list_id is None:
            return None
        before, reserved = count_reserved_anew(self.session, order_item)
        if before != reserved:
            record(
                self.session,
                audit_context,
                "stock.counted",
                subject=("product", order_item.product_id),
                order_id=order_item.order_id,
                summary=said_by(audit_context, "counted the reserved stock anew"),
                changes={"reserved": [None if before is None else str(before), str(reserved)]},
            )
        return reserved

    def send_shipping_info(
        self, order_items: Sequence[OrderItem], audit_context: AuditContext = SYSTEM
    ) -> int:
        """Have vendor items follow what their vendors say of parcels; how many did (VendorOrderService)."""
        from webapp.orders.service.vendor_order_service import VendorOrderService

        return VendorOrderService(self.session).send_shipping_info(order_items, audit_context)

    def split_off(self, order_item: OrderItem, quantity: Decimal) -> OrderItem:
        """The first units of the item as an item of its own, divided by rule R6; under the order's lock.

        Whoever asks keeps the audit entry, for a part is split off for something. Raises InvalidInput for a quantity
        that the item cannot be divided at.
        """
        order = lock_order(self.session, order_item.order_id)
        self.session.refresh(order_item)
        if not is_divisible(order_item.quantity) or not 0 < quantity < order_item.quantity:
            raise InvalidInput(
                said(
                    N_("%(item)s has no part of %(quantity)s to split off."),
                    item=order_item.name or order_item.sku,
                    quantity=quantity,
                ),
                fields={"quantity": [N_("Choose fewer whole units than there are.")]},
            )
        money = split_row(RowMoney.of(order_item), order_item.quantity, quantity, order.currency)
        return split_off(self.session, order_item, quantity, money, order.currency)

    def _next_position(self, order: Order) -> int:
        last = self.session.scalar(select(func.max(OrderItem.position)).where(OrderItem.order_id == order.id))
        return 0 if last is None else last + 1

    def _refuse_known_line(self, order: Order, line_id: str) -> None:
        known = select(OrderItem.id).where(
            OrderItem.order_id == order.id, OrderItem.remote_line_id == line_id
        )
        if self.session.scalar(known.limit(1)) is not None:
            raise Conflict(
                said(
                    N_("Order %(number)s has the line %(remote_line_id)s already."),
                    number=order.number,
                    remote_line_id=line_id,
                )
            )

    def _stock_list(self, order: Order) -> int | None:
        return self.session.get_one(Channel, order.channel_id).stock_list_id

    def _changed(self, item: OrderItem, columns: Mapping[str, Any]) -> dict[str, list[Any]]:
        wanted = dict(columns)
        if wanted.get("product_id") is not None:
            wanted["data_source_id"] = self.session.get_one(Product, wanted["product_id"]).data_source_id
        if wanted.get("tracking_number") and "tracking_url" not in wanted:
            wanted["tracking_url"] = self._tracking_url(item, wanted)
        changes = {name: [getattr(item, name), value] for name, value in wanted.items()}
        return {name: pair for name, pair in changes.items() if pair[0] != pair[1]}

    def _tracking_url(self, item: OrderItem, columns: Mapping[str, Any]) -> str | None:
        carrier_id = columns.get("cargo_company_id", item.cargo_company_id)
        carrier = None if carrier_id is None else self.session.get(CargoCompany, carrier_id)
        return tracking_url(carrier.tracking_url_template, columns["tracking_number"]) if carrier else None

    def _write(
        self, order: Order, item: OrderItem, changes: Mapping[str, list[Any]], context: AuditContext
    ) -> None:
        before = reserved_of(item)
        for name, (_, new) in changes.items():
            setattr(item, name, new)
        item.version += 1
        item.modified_at = func.now()
        touch(order)
        self.session.flush()
        _move_reservation(self.session, before, reserved_of(item))
        if "data_source_id" in changes:
            mirror_vendor_items(self.session, [order.id])
        names = listed([name.replace("_", " ") for name in changes])
        record(
            self.session,
            context,
            "order.item.updated",
            subject=("order_item", item.id),
            order_id=order.id,
            summary=said_by(context, f"changed {names} of {item.name or item.sku}"),
            changes=logged(changes, changes),
        )
        self.session.flush()


def _line(position: int, product: Product | None, image: str | None, fields: dict[str, Any]) -> ItemDraft:
    defaults: dict[str, Any] = {
        "remote_line_id": f"{ADDED_HERE}{position}",
        "position": position,
        "image": image,
    }
    if product is not None:
        defaults |= {"sku": product.sku, "name": product.name}
    return ItemDraft(**{**defaults, **fields})


def _new_item(order: Order, line: ItemDraft, product: Product | None, stock_list_id: int | None) -> OrderItem:
    """The row before its shares are distributed; its own discount is a step already, so that it is kept."""
    own = line.discount_amount
    steps = [DiscountStep(line.remote_line_id, DiscountStage.LINE, own)] if own else []
    return OrderItem(
        order_id=order.id,
        remote_line_id=line.remote_line_id,
        position=line.position,
        product_id=product.id if product else None,
        data_source_id=product.data_source_id if product else None,
        stock_list_id=stock_list_id,
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        ordered_quantity=line.quantity if line.ordered_quantity is None else line.ordered_quantity,
        status=int(line.status),
        price_currency=order.currency,
        price=line.price,
        retail_price=line.retail_price,
        amount=line.amount,
        discount_amount=own,
        tax_rate=line.tax_rate,
        tax_amount=_tax(order, line),
        image=line.image,
        attributes=dict(line.attributes),
        extra_field=dict(line.extra_field),
        price_steps=steps_to_json(steps),
    )


def _tax(order: Order, line: ItemDraft) -> Decimal:
    """What the shop says, else rule R7 over the net before order discounts."""
    if line.tax_amount is not None or line.tax_rate is None:
        return line.tax_amount or Decimal(0)
    return tax_included(line.amount - line.discount_amount, line.tax_rate, order.currency)


def _move_reservation(
    session: Session, before: tuple[StockKey, Decimal] | None, after: tuple[StockKey, Decimal] | None
) -> None:
    differences: dict[StockKey, Decimal] = {}
    for reserved, sign in ((before, -1), (after, 1)):
        if reserved is not None:
            key, quantity = reserved
            differences[key] = differences.get(key, Decimal(0)) + sign * quantity
    add_reservations(session, differences)
