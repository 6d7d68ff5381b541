"""A part that was split off goes back into the row that it was part of, as if nothing had been divided."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from webapp.orders.models import (
    CancellationPlanItem,
    CancellationRequest,
    DiscountItem,
    IntegrationAction,
    OrderItem,
    VendorOrderItem,
    order_item_transaction,
)
from webapp.orders.pricing import DiscountStep, RowMoney, steps_from_json, steps_to_json

# Where a part has become something else than its row meanwhile it stays a row of its own.
_ALIKE: Final = (
    "order_id", "remote_line_id", "status", "status_before_cancel", "cancel_status", "invoice_number",
    "tracking_number", "tracking_url", "cargo_company_id", "shipping_company", "product_id", "data_source_id",
    "stock_list_id",
)  # fmt: skip


def join_again(session: Session, origins: Mapping[int, int], packages: Mapping[int, int | None]) -> list[int]:
    """Put parts (part → row) back where the two are alike and nothing speaks of the part; gives the parts that are gone.

    Under their orders' locks. `packages`: the parcel in which the part's row lay when it was divided, and must lie now.
    """
    if not origins:
        return []
    ids = {*origins, *origins.values()}
    query = select(OrderItem).where(OrderItem.id.in_(ids)).execution_options(populate_existing=True)
    rows = {row.id: row for row in session.scalars(query)}
    named = _named_elsewhere(session, origins)
    gone = []
    for part_id, origin_id in origins.items():
        part, row = rows.get(part_id), rows.get(origin_id)
        if part is None or row is None or part_id in named or row.package_id != packages.get(part_id):
            continue
        if all(getattr(part, name) == getattr(row, name) for name in _ALIKE):
            _join(row, part)
            gone.append(part_id)
    session.flush()
    _delete(session, gone)
    return gone


def _join(row: OrderItem, part: OrderItem) -> None:
    for column in fields(RowMoney):
        setattr(row, column.name, getattr(row, column.name) + getattr(part, column.name))
    row.price_steps = _steps(row.price_steps, part.price_steps)
    row.quantity += part.quantity
    row.ordered_quantity += part.ordered_quantity
    row.version += 1


def _steps(ours: Any, theirs: Any) -> Any:
    """Dividing has kept every step on both sides, of nothing too."""
    pairs = zip(steps_from_json(ours), steps_from_json(theirs), strict=True)
    return steps_to_json(
        DiscountStep(here.key, here.stage, here.amount + there.amount) for here, there in pairs
    )


def _named_elsewhere(session: Session, parts: Collection[int]) -> set[int]:
    """Parts that a cancellation, a wish, a discount, a bundle or word for a channel speaks of."""
    speaking = (
        CancellationPlanItem.order_item_id,
        CancellationRequest.order_item_id,
        DiscountItem.order_item_id,
        IntegrationAction.order_item_id,
    )
    query = select(OrderItem.id).where(
        OrderItem.id.in_(parts),
        exists().where(speaking[0] == OrderItem.id)
        | exists().where(speaking[1] == OrderItem.id)
        | exists().where(speaking[2] == OrderItem.id)
        | exists().where(speaking[3] == OrderItem.id),
    )
    parents = select(OrderItem.parent_id).where(OrderItem.parent_id.in_(parts))
    return {*session.scalars(query), *(each for each in session.scalars(parents) if each is not None)}


def _delete(session: Session, parts: Collection[int]) -> None:
    if not parts:
        return
    session.execute(delete(order_item_transaction).where(order_item_transaction.c.order_item_id.in_(parts)))
    session.execute(delete(VendorOrderItem).where(VendorOrderItem.order_item_id.in_(parts)))
    session.execute(delete(OrderItem).where(OrderItem.id.in_(parts)))
