"""What is asked by the reference's names, as the request that the rules know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.core.errors import InvalidInput
from webapp.core.text import N_
from webapp.orders.cancellation import CancelItem, CancelRequest, ReasonChoice, shipping_policy
from webapp.orders.enums import OrderStatus, PlanKind, RefundWay
from webapp.orders.models import CancellationReason


@dataclass(frozen=True, slots=True)
class GivenReason:
    """A reason as staff chose it; without `item_id` it holds for every row of its kind that has none of its own."""

    reason_id: int
    text: str = ""
    item_id: int | None = None


class CancelWishes(TypedDict, total=False):
    """The parameters of `cancel_order` that say what to cancel and how much goes back.

    `cancel_items`: order item → how many units, None for all of them. `is_cargo_refund` not given: the default.
    """

    is_all: bool
    cancel_items: Mapping[int, Decimal | None] | None
    forced_refund_amount: Decimal | None
    adjustment_reason: str
    is_cargo_refund: bool | None
    next_status: OrderStatus | None
    fallback: RefundWay
    ibans: Sequence[str]
    holder_names: Sequence[str]


def as_request(session: Session, reasons: Sequence[GivenReason], wishes: CancelWishes) -> CancelRequest:
    """The request that the rules draft from.

    Raises OverlappingParameters, NothingNamed, and InvalidInput for a reason that does not exist.
    """
    chosen = _reasons(session, reasons)
    is_all = wishes.get("is_all", False)
    of_item = {given.item_id: choice for given, choice in chosen if given.item_id is not None}
    return CancelRequest(
        items=tuple(
            CancelItem(item_id, quantity, of_item.get(item_id))
            for item_id, quantity in (wishes.get("cancel_items") or {}).items()
        ),
        is_all=is_all,
        reasons=tuple(choice for given, choice in chosen if given.item_id is None),
        shipping=shipping_policy(wishes.get("is_cargo_refund"), is_all=is_all),
        forced_refund_amount=wishes.get("forced_refund_amount"),
        adjustment_reason=wishes.get("adjustment_reason", ""),
        next_status=wishes.get("next_status"),
        fallback=wishes.get("fallback", RefundWay.TRANSFER),
        ibans=tuple(wishes.get("ibans", ())),
        holder_names=tuple(wishes.get("holder_names", ())),
    )


def chosen_reasons(session: Session, given: Sequence[GivenReason]) -> list[ReasonChoice]:
    """The reasons as the rules know them. Raises InvalidInput for one that does not exist."""
    return [choice for _, choice in _reasons(session, given)]


def _reasons(session: Session, given: Sequence[GivenReason]) -> list[tuple[GivenReason, ReasonChoice]]:
    ids = [each.reason_id for each in given]
    rows = session.scalars(select(CancellationReason).where(CancellationReason.id.in_(ids)))
    known = {reason.id: reason for reason in rows}
    unknown = sorted(set(ids) - known.keys())
    if unknown:
        raise InvalidInput(
            N_("There is no such reason; choose one of the list."),
            fields={"reason": [N_("There is no such reason; choose one of the list.")]},
            details={"reasons": unknown},
        )
    return [(each, _choice(known[each.reason_id], each.text)) for each in given]


def _choice(reason: CancellationReason, words: str) -> ReasonChoice:
    return ReasonChoice(reason.id, PlanKind(reason.plan_kind), reason.needs_text, reason.is_active, words)
