"""The moves of an item: forward, through a review, back with permission, and by an order-level action."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from webapp.core.errors import InvalidInput, PermissionDenied, TransitionNotAllowed
from webapp.core.sentences import one_after_another, said
from webapp.core.text import N_
from webapp.orders.enums import ENDED_STATUSES, LEFT_STATUSES, LIVE_STATUSES, OrderStatus
from webapp.orders.states.wording import refusal, words

PENDING: Final = OrderStatus.CANCELLATION_WAITING

_PATH: Final = (
    OrderStatus.WAITING,
    OrderStatus.PAYMENT_WAITING,
    OrderStatus.CONFIRMATION_WAITING,
    OrderStatus.APPROVED,
    OrderStatus.PREPARING,
    OrderStatus.SHIPPED,
    OrderStatus.SHIPPED_AND_INFORMED,
    OrderStatus.ATTEMPTED_DELIVERY,
    OrderStatus.DELIVERED,
)
_REVIEW: Final = frozenset({OrderStatus.REVIEW_STARTED, OrderStatus.REVIEW_WAITING})
_AFTER_REVIEW: Final = frozenset({OrderStatus.DELIVERED, OrderStatus.REFUNDED})


def _item_moves() -> dict[OrderStatus, frozenset[OrderStatus]]:
    moves: dict[OrderStatus, set[OrderStatus]] = {status: set() for status in OrderStatus}
    for step, status in enumerate(_PATH):
        moves[status].update(_PATH[step + 1 :])
    # The carrier tries again, or the parcel came back.
    moves[OrderStatus.ATTEMPTED_DELIVERY] |= {OrderStatus.SHIPPED, OrderStatus.REFUNDED}
    moves[OrderStatus.READY_FOR_PICKUP] |= {OrderStatus.DELIVERED}
    for status in LEFT_STATUSES:
        moves[status] |= _REVIEW - {status}
    for status in _REVIEW:
        moves[status] |= _AFTER_REVIEW
    return {status: frozenset(targets) for status, targets in moves.items()}


# Moves that need no permission of their own. Into and out of 50 go through plans only, so they are not here.
ITEM_MOVES: Final = _item_moves()
# The way of a store pickup skips steps like the main one, and ends in the store.
PICKUP_SOURCES: Final = frozenset(_PATH[: _PATH.index(OrderStatus.SHIPPED)])
BACKWARD_ITEM_MOVES: Final = {
    OrderStatus.PREPARING: OrderStatus.APPROVED,
    OrderStatus.READY_FOR_PICKUP: OrderStatus.PREPARING,
}


@dataclass(frozen=True, slots=True)
class MoveTerms:
    """What decides about a move besides the two statuses; the defaults allow least."""

    store_pickup: bool = False
    may_go_back: bool = False
    reason: str = ""
    # Captured money, whoever holds it, that has not gone back: then only settling a refund writes 600.
    is_paid: bool = False


LEAST: Final = MoveTerms()
_SUBJECT: Final = said(N_("The item"))


def allowed_item_moves(current: OrderStatus, terms: MoveTerms = LEAST) -> frozenset[OrderStatus]:
    """Where staff may move an item of this status by hand; empty while a plan holds it and once it has ended."""
    moves = ITEM_MOVES[current]
    if terms.store_pickup and current in PICKUP_SOURCES:
        moves |= {OrderStatus.READY_FOR_PICKUP}
    if terms.may_go_back and current in BACKWARD_ITEM_MOVES:
        moves |= {BACKWARD_ITEM_MOVES[current]}
    return moves - {OrderStatus.REFUNDED} if terms.is_paid else moves


def check_item_move(
    current: OrderStatus, target: OrderStatus, terms: MoveTerms = LEAST, *, subject: str = _SUBJECT
) -> None:
    """Refuse a move of an item that the table does not know, and say what would be allowed.

    Raises TransitionNotAllowed; for a step back PermissionDenied without its permission, InvalidInput without
    a reason.
    """
    is_step_back = BACKWARD_ITEM_MOVES.get(current) is target
    if is_step_back and not terms.may_go_back:
        raise PermissionDenied(
            said(
                N_("Moving an item from %(current)s back to %(target)s is not yours to do."),
                current=words(current),
                target=words(target),
            )
        )
    if is_step_back and not terms.reason.strip():
        raise InvalidInput(
            N_("A step back needs a reason."), fields={"reason": [N_("Say why the item goes back.")]}
        )
    allowed = allowed_item_moves(current, terms)
    if target not in allowed:
        raise refusal(subject, current, target, allowed, _why_not(current, target, terms))


def _why_not(current: OrderStatus, target: OrderStatus, terms: MoveTerms) -> str:
    """The reason beyond the table that staff can do something about; empty if there is none."""
    if current is PENDING:
        return said(N_("A cancellation plan holds it: approve or reject the plan."))
    if current in ENDED_STATUSES:
        return ""
    if target is OrderStatus.REFUNDED and target in ITEM_MOVES[current] and terms.is_paid:
        return said(N_("It is paid: open a return, which pays the money back."))
    if target is PENDING or target in ENDED_STATUSES:
        return said(N_("Open a return.") if current in LEFT_STATUSES else N_("Open a cancellation."))
    if target is OrderStatus.READY_FOR_PICKUP and current in PICKUP_SOURCES:
        return said(N_("Its order is not picked up in a store."))
    return ""


@dataclass(frozen=True, slots=True)
class OrderMove:
    """An order-level move: positions of the items that move, and of those that stay as they are."""

    moving: tuple[int, ...]
    staying: tuple[int, ...]


def check_order_move(
    items: Sequence[tuple[str, OrderStatus]], target: OrderStatus, terms: MoveTerms = LEAST
) -> OrderMove:
    """All live items or none; `items` are (name for the sentence, status).

    Ended items, items that a plan holds and items already there stay. Raises TransitionNotAllowed that names
    every item that cannot, with their positions as `items` in its details.
    """
    moving = [at for at, (_, status) in enumerate(items) if status in LIVE_STATUSES and status is not target]
    _refuse_together(items, moving, target, terms)
    if not moving:
        raise TransitionNotAllowed(
            said(
                N_("No item is open and not yet %(target)s: there is nothing to move."), target=words(target)
            )
        )
    return OrderMove(tuple(moving), tuple(at for at in range(len(items)) if at not in moving))


def check_chosen_move(
    items: Sequence[tuple[str, OrderStatus]], target: OrderStatus, terms: MoveTerms = LEAST
) -> OrderMove:
    """All of these items or none: whoever chose them by name is told of each that cannot.

    Only items already there stay. Raises as check_order_move does.
    """
    moving = [at for at, (_, status) in enumerate(items) if status is not target]
    _refuse_together(items, moving, target, terms)
    if not moving:
        raise TransitionNotAllowed(
            said(N_("What was chosen is %(target)s already: there is nothing to move."), target=words(target))
        )
    return OrderMove(tuple(moving), tuple(at for at in range(len(items)) if at not in moving))


def offered_moves(statuses: Iterable[OrderStatus], terms: MoveTerms = LEAST) -> frozenset[OrderStatus]:
    """Where an order with live items of these statuses can be moved as a whole; what stays decides nothing."""
    live = set(statuses) & LIVE_STATUSES
    ways = [allowed_item_moves(status, terms) | {status} for status in live]
    common = frozenset.intersection(*ways) if ways else frozenset()
    return common - live if len(live) == 1 else common


def _refuse_together(
    items: Sequence[tuple[str, OrderStatus]], moving: Iterable[int], target: OrderStatus, terms: MoveTerms
) -> None:
    refusals: dict[int, str] = {}
    for at in moving:
        name, status = items[at]
        try:
            check_item_move(status, target, terms, subject=name)
        except TransitionNotAllowed as refused:
            refusals[at] = refused.message
    if refusals:
        raise TransitionNotAllowed(
            one_after_another([said(N_("Nothing was moved.")), *refusals.values()]),
            details={"items": sorted(refusals)},
        )
