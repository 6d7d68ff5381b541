"""Filters as SQL. Each says whether an index holds its orders in the order of the list, so that a page can walk it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ColumnExpressionArgument, and_, exists, false, or_, select, text

from webapp.channels.models import RemoteRecord
from webapp.orders.enums import CancelStatus, OrderStatus
from webapp.orders.models import Order, OrderAssignment, OrderTag
from webapp.orders.queries.criteria import (
    IN_TRANSIT_STATUSES,
    UNDECIDED,
    Flag,
    OrderFilter,
    Scope,
    View,
    common,
)


@dataclass(frozen=True)
class Narrowing:
    """One condition.

    `column` with `values`: an index leads with the column and goes on in placing order, one walk per value.
    `is_partial`: a partial index holds exactly these orders in placing order. `is_small`: few orders ever match,
    so they are gathered at once.
    """

    clause: ColumnElement[bool]
    column: Any = None
    values: tuple[int | str, ...] = ()
    is_partial: bool = False
    is_small: bool = False


# Written as the partial index has it: PostgreSQL proves the match by the text, a bound value would hide it.
TO_SEND = text("NOT orders.is_send AND orders.status IN (400, 450)")
_FLAG_CLAUSES: dict[Flag, ColumnExpressionArgument[bool]] = {
    Flag.MONEY_MISMATCH: Order.money_mismatch,
    Flag.UPDATE_FAILED: Order.id.in_(
        select(RemoteRecord.order_id).where(
            RemoteRecord.state == "failed", RemoteRecord.order_id.is_not(None)
        )
    ),
    Flag.PARTLY_SHIPPED: Order.partially_shipped,
    Flag.PARTLY_CANCELLED: Order.partially_cancelled,
    Flag.PARTLY_REFUNDED: Order.partially_refunded,
}


def view_clause(view: View) -> ColumnElement[bool] | None:
    """The condition of a built-in view; None for all orders."""
    if view is View.CANCEL_REQUESTS:
        # A channel's or customer's wish puts items to 50 before any plan exists.
        asked = and_(Order.status == OrderStatus.CANCELLATION_WAITING, Order.has_open_plan.is_(False))
        return or_(Order.cancel_status.in_(UNDECIDED), asked)
    if view is View.NOT_SENT:
        return TO_SEND  # type: ignore[return-value]
    if view is View.MANUAL_REFUND:
        return Order.cancel_status == CancelStatus.MANUEL_REFUND_NEED
    statuses = _view_statuses(view)
    return Order.status.in_(statuses) if statuses else None


def narrowings(wanted: OrderFilter, scope: Scope) -> list[Narrowing] | None:
    """The conditions, the one whose index is best walked first; None when nothing can match them."""
    found = [
        *_customer(wanted),
        *_assigned(wanted),
        *_one_of(Order.cancel_status, _both(wanted.cancel_statuses, _view_cancel_statuses(wanted.view))),
        *_view(wanted.view),
        *_flags(wanted.flags),
        *_one_of(Order.status, _both(wanted.statuses, _view_statuses(wanted.view))),
        *_one_of(Order.payment_option_id, wanted.payments or None),
        *_one_of(Order.cargo_company_id, wanted.cargo or None),
        *_one_of(Order.channel_id, common(wanted.channels, scope)),
        *_one_of(Order.currency, wanted.currencies or None),
        *_tagged(wanted.tags),
        *_amounts(wanted),
    ]
    return None if any(each.column is not None and not each.values for each in found) else found


def placed_clauses(wanted: OrderFilter) -> list[ColumnElement[bool]]:
    """The bounds of the placing time: every index of the list has it, so they bound a walk instead of filtering it."""
    first, end = wanted.placed
    bounds: list[ColumnElement[bool]] = []
    if first is not None:
        bounds.append(Order.date_placed >= first)
    if end is not None:
        bounds.append(Order.date_placed < end)
    return bounds


def _customer(wanted: OrderFilter) -> list[Narrowing]:
    return _one_of(Order.customer_id, None if wanted.customer_id is None else (wanted.customer_id,))


def _assigned(wanted: OrderFilter) -> list[Narrowing]:
    """What people look after now is little beside all orders: gathered from the index of assignments."""
    bounds: list[ColumnElement[bool]] = []
    if wanted.assignees:
        bounds.append(OrderAssignment.staff_id.in_(wanted.assignees))
    if wanted.due_before is not None:
        bounds += [OrderAssignment.staff_id.is_not(None), OrderAssignment.due_on < wanted.due_before]
    if not bounds:
        return []
    return [Narrowing(Order.id.in_(select(OrderAssignment.order_id).where(*bounds)), is_small=True)]


def _tagged(tags: Sequence[int]) -> list[Narrowing]:
    """A tag can stand on three orders or on all of last year: looked at row by row, gathered where that finds little."""
    if not tags:
        return []
    tagged = exists().where(OrderTag.order_id == Order.id, OrderTag.tag_id.in_(tags))
    return [Narrowing(tagged.correlate(Order))]


def _one_of(column: Any, values: Sequence[int | str] | None) -> list[Narrowing]:
    if values is None:
        return []
    clause = column.in_(values) if values else false()
    return [Narrowing(clause, column, tuple(values))]


def _view(view: View) -> list[Narrowing]:
    clause = view_clause(view)
    if view is View.CANCEL_REQUESTS and clause is not None:
        return [Narrowing(clause, is_small=True)]
    if view is View.NOT_SENT and clause is not None:
        return [Narrowing(clause, is_partial=True)]
    return []  # The other views are values of a column, met with the filter on it.


def _flags(flags: Sequence[Flag]) -> list[Narrowing]:
    if not flags:
        return []
    clause = or_(*(_FLAG_CLAUSES[flag] for flag in flags))
    alone = len(flags) == 1 and flags[0] is not Flag.UPDATE_FAILED
    return [Narrowing(clause, is_partial=alone, is_small=not alone)]


def _amounts(wanted: OrderFilter) -> list[Narrowing]:
    bounds = []
    if wanted.least is not None:
        bounds.append(Order.amount >= wanted.least)
    if wanted.most is not None:
        bounds.append(Order.amount <= wanted.most)
    return [Narrowing(and_(*bounds))] if bounds else []


def _view_statuses(view: View) -> tuple[int, ...] | None:
    if view is View.TO_CONFIRM:
        return (OrderStatus.CONFIRMATION_WAITING,)
    return IN_TRANSIT_STATUSES if view is View.IN_TRANSIT else None


def _view_cancel_statuses(view: View) -> tuple[str, ...] | None:
    return (CancelStatus.MANUEL_REFUND_NEED,) if view is View.MANUAL_REFUND else None


def _both(chosen: Sequence[int | str], of_view: Sequence[int | str] | None) -> tuple[int | str, ...] | None:
    """The values that filter and view have in common; None when neither says anything."""
    if of_view is None:
        return tuple(chosen) or None
    return tuple(value for value in of_view if not chosen or value in chosen)
