"""Moving items along the table of states/items.py, whole or chosen, and what follows from it.

One transaction under the order's lock: items, reserved stock, dates, parcels, the order's own status, an audit row per
status that was left, and word for the channel. A refusal names every item that cannot go, and nothing moves.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.auth.roles import Permission, Role, allowed
from webapp.core.audit import AuditContext, record
from webapp.core.errors import InvalidInput, PermissionDenied
from webapp.core.text import N_
from webapp.orders.enums import (
    LEFT_STATUSES,
    LIVE_STATUSES,
    RELEASED_REFUND_STATES,
    ActionKind,
    DeliveryType,
    OrderStatus,
)
from webapp.orders.inputs import MoveItems
from webapp.orders.locks import lock_order
from webapp.orders.models import Order, OrderItem, Package
from webapp.orders.service.editing import check_version
from webapp.orders.service.integration_action_service import IntegrationActionService
from webapp.orders.service.standing import restate
from webapp.orders.service.stock import StockKey, add_reservations, reserved_of
from webapp.orders.service.wording import listed
from webapp.orders.service.writing.moves import is_sent
from webapp.orders.states import MoveTerms, check_chosen_move, check_order_move
from webapp.payments.models import Refund, Transaction

MOVED: Final = "order.status.changed"
LONGEST_REASON: Final = 500  # characters


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move has done: the items that moved, and the order's status before and after."""

    items: tuple[OrderItem, ...]
    before: OrderStatus
    after: OrderStatus


def move_items(
    session: Session, order_id: int, move: MoveItems, context: AuditContext, *, version: int | None = None
) -> Moved:
    """Move an order's live items, or the chosen ones, together.

    Raises PermissionDenied, TransitionNotAllowed naming each item that cannot, InvalidInput for items that are not the
    order's and for a step back without a reason, Conflict when the order is no longer at `version`.
    """
    permissions = require_moving(session, context)
    order = lock_order(session, order_id, acting=context)
    check_version(session, order, version)
    rows = items_under_lock(session, order)
    terms = move_terms(session, order, permissions, move.reason)
    return _move_rows(session, order, rows, move, terms, context)


def require_moving(session: Session, context: AuditContext) -> frozenset[Permission]:
    """What whoever acts may do. Raises PermissionDenied for staff who may not change statuses.

    The product itself (a job, a channel) and an API token that its route has let in go forward only.
    """
    if context.staff_id is None:
        return frozenset({Permission.ORDERS_CHANGE_STATUS})
    staff = session.get(StaffUser, context.staff_id)
    permissions = allowed(Role(staff.role), context.granted) if staff and staff.is_active else frozenset()
    if Permission.ORDERS_CHANGE_STATUS not in permissions:
        raise PermissionDenied(N_("You may not change the status of orders. Ask a supervisor."))
    return permissions


def items_under_lock(session: Session, order: Order) -> list[OrderItem]:
    """The order's items as they are now, by position and part."""
    query = select(OrderItem).where(OrderItem.order_id == order.id)
    query = query.order_by(OrderItem.position, OrderItem.part, OrderItem.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def move_terms(
    session: Session, order: Order, permissions: frozenset[Permission], reason: str = ""
) -> MoveTerms:
    """What decides about the order's moves besides the statuses."""
    return MoveTerms(
        store_pickup=order.delivery_type == DeliveryType.STORE_PICKUP,
        may_go_back=Permission.ORDERS_MOVE_BACKWARD in permissions,
        reason=reason,
        is_paid=_is_paid(session, order),
    )


def name_of(item: OrderItem) -> str:
    """The item as a sentence names it."""
    return item.name or item.sku or f"Item {item.id}"


def _is_paid(session: Session, order: Order) -> bool:
    """Whether captured money has not gone back yet, whoever holds it."""
    captured = select(func.coalesce(func.sum(Transaction.captured_amount), 0)).where(
        Transaction.order_id == order.id
    )
    back = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.order_id == order.id, Refund.state.not_in([state.value for state in RELEASED_REFUND_STATES])
    )
    return Decimal(session.scalar(captured) or 0) > Decimal(session.scalar(back) or 0)


def _move_rows(
    session: Session,
    order: Order,
    rows: Sequence[OrderItem],
    move: MoveItems,
    terms: MoveTerms,
    context: AuditContext,
) -> Moved:
    if len(move.reason) > LONGEST_REASON:
        raise InvalidInput(N_("The reason is too long."), fields={"reason": [N_("Say it in fewer words.")]})
    moving = _moving(rows, move, terms)
    before = OrderStatus(order.status)
    left = _write(session, moving, move.target)
    _note_shipped_packages(session, order)
    restate(session, order)
    after = OrderStatus(order.status)
    order.is_send = is_sent(after, was_sent=order.is_send, before=before)
    _record(session, order, left, move, (before, after), context)
    if after is not before:
        _tell_channel(session, order, moving, move.target, context)
    session.flush()
    return Moved(tuple(moving), before, after)


def _moving(rows: Sequence[OrderItem], move: MoveItems, terms: MoveTerms) -> list[OrderItem]:
    if move.items is None:
        named = [(name_of(row), OrderStatus(row.status)) for row in rows]
        return [rows[at] for at in check_order_move(named, move.target, terms).moving]
    chosen = [row for row in rows if row.id in move.items]
    if not chosen or len(chosen) < len(move.items):
        words = (
            "Choose at least one item." if not move.items else "An item that was chosen is not this order's."
        )
        raise InvalidInput(words, fields={"items": [words]})
    named = [(name_of(row), OrderStatus(row.status)) for row in chosen]
    return [chosen[at] for at in check_chosen_move(named, move.target, terms).moving]


def _write(
    session: Session, items: Iterable[OrderItem], target: OrderStatus
) -> dict[OrderStatus, list[OrderItem]]:
    """Move the rows and what they have reserved; gives them by the status that they left."""
    left: dict[OrderStatus, list[OrderItem]] = defaultdict(list)
    differences: dict[StockKey, Decimal] = defaultdict(Decimal)
    for item in items:
        _count(differences, item, -1)
        left[OrderStatus(item.status)].append(item)
        item.status = int(target)
        item.version += 1
        item.modified_at = func.now()
        if target in LEFT_STATUSES and item.shipped_date is None:
            item.shipped_date = func.now()
        if target is OrderStatus.DELIVERED and item.delivered_date is None:
            item.delivered_date = func.now()
        _count(differences, item, 1)
    session.flush()
    add_reservations(session, differences)
    return left


def _count(differences: dict[StockKey, Decimal], item: OrderItem, sign: int) -> None:
    reserved = reserved_of(item)
    if reserved is not None:
        differences[reserved[0]] += sign * reserved[1]


def _note_shipped_packages(session: Session, order: Order) -> None:
    """A parcel has left when nothing in it lies with us any more."""
    inside = select(OrderItem.id).where(OrderItem.package_id == Package.id)
    here = [int(status) for status in LIVE_STATUSES - LEFT_STATUSES]
    gone = [int(status) for status in LEFT_STATUSES]
    session.execute(
        update(Package)
        .where(
            Package.order_id == order.id,
            Package.shipped_at.is_(None),
            exists(inside.where(OrderItem.status.in_(gone))),
            ~exists(inside.where(OrderItem.status.in_(here))),
        )
        .values(shipped_at=func.now())
        .execution_options(synchronize_session="fetch")
    )


def _record(
    session: Session,
    order: Order,
    left: dict[OrderStatus, list[OrderItem]],
    move: MoveItems,
    derived: tuple[OrderStatus, OrderStatus],
    context: AuditContext,
) -> None:
    """One entry per status that was left, so that each says exactly what became what."""
    reason = move.reason.strip()
    for status, items in sorted(left.items()):
        changes: dict[str, Any] = {"status": [int(status), int(move.target)]}
        if derived[0] is not derived[1]:
            changes["order_status"] = [int(each) for each in derived]
        changes["moved"] = {"items": [item.id for item in items]}
        record(
            session,
            context,
            MOVED,
            subject=("order", order.id),
            order_id=order.id,
            summary=listed([name_of(item) for item in items]),
            words=reason,
            changes=changes,
        )


def _tell_channel(
    session: Session, order: Order, items: Sequence[OrderItem], target: OrderStatus, context: AuditContext
) -> None:
    """Leave word for the channel that the order came from, once the order as a whole stands elsewhere.

    Channels know whole orders; one that was made here has nobody to tell.
    """
    if order.remote_id is None:
        return
    facts = {"status": int(target), "order_status": order.status, "items": [item.id for item in items]}
    IntegrationActionService(session).create(order, ActionKind.STATUS, facts, context)
