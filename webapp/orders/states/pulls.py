"""What a status that a channel reports does to one of our items."""

from dataclasses import dataclass
from enum import StrEnum

from webapp.orders.enums import ENDED_STATUSES, LEFT_STATUSES, LIVE_STATUSES, OrderStatus
from webapp.orders.states.items import PENDING, MoveTerms, allowed_item_moves


class PullVerdict(StrEnum):
    """What a channel's status does to one of our items."""

    UNCHANGED = "unchanged"
    MOVE = "move"
    OLDER = "older"
    PARKED = "parked"
    REQUESTED = "requested"
    REQUEST_WITHDRAWN = "request_withdrawn"
    CLOSED_BY_CHANNEL = "closed_by_channel"


@dataclass(frozen=True, slots=True)
class PulledMove:
    """What to do: the item's status from now on, and whether the attention page must name it."""

    verdict: PullVerdict
    status: OrderStatus
    needs_attention: bool = False


def pulled_item_status(
    current: OrderStatus,
    remote: OrderStatus,
    *,
    has_own_plan: bool = False,
    stored: OrderStatus | None = None,
    we_hold_money: bool = False,
) -> PulledMove:
    """Decide what a pulled status does. `stored` is the status before 50.

    unchanged: nothing. move: take it. older: keep ours, note theirs in external_status and on the timeline.
    parked: it went on although we are cancelling it. requested: the item becomes 50 with a cancellation
    request for staff. request_withdrawn: the channel took its wish back. closed_by_channel: ended there, and
    there is nothing of ours to pay back, so a plan closed by the channel ends it here.
    """
    if current is remote:
        return PulledMove(PullVerdict.UNCHANGED, current)
    if current in ENDED_STATUSES:
        return PulledMove(PullVerdict.OLDER, current, needs_attention=remote in LEFT_STATUSES)
    if current is PENDING and has_own_plan:
        return _pulled_into_own_plan(remote, stored)
    if remote is PENDING or remote in ENDED_STATUSES:
        return _pulled_end(remote, we_hold_money)
    if current is PENDING:
        before = stored or remote
        goes_on = _goes_on(before, remote)
        return PulledMove(PullVerdict.REQUEST_WITHDRAWN, remote if goes_on else before)
    if _goes_on(current, remote):
        return PulledMove(PullVerdict.MOVE, remote)
    return PulledMove(PullVerdict.OLDER, current)


def _pulled_into_own_plan(remote: OrderStatus, stored: OrderStatus | None) -> PulledMove:
    if remote in LIVE_STATUSES and stored is not None and _goes_on(stored, remote):
        return PulledMove(PullVerdict.PARKED, PENDING, needs_attention=True)
    # The stored status again, an older one, or the end that our own plan asked the channel for.
    return PulledMove(PullVerdict.UNCHANGED if remote in ENDED_STATUSES else PullVerdict.OLDER, PENDING)


def _pulled_end(remote: OrderStatus, we_hold_money: bool) -> PulledMove:
    if remote is PENDING or we_hold_money:
        return PulledMove(PullVerdict.REQUESTED, PENDING, needs_attention=we_hold_money)
    return PulledMove(PullVerdict.CLOSED_BY_CHANNEL, remote)


def _goes_on(current: OrderStatus, remote: OrderStatus) -> bool:
    """Whether the table knows the step; the channel's word is enough for a store pickup."""
    return remote in allowed_item_moves(current, MoveTerms(store_pickup=True))
