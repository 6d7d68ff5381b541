"""The moves of a cancellation request and of one movement of money back."""

from collections.abc import Mapping
from typing import Final

from webapp.core.errors import InvalidInput
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.enums import RefundState, RequestStatus
from webapp.orders.states.wording import refusal

_REQUEST: Final = said(N_("The cancellation request"))
_REFUND: Final = said(N_("The refund"))
REQUEST_MOVES: Final[Mapping[RequestStatus, frozenset[RequestStatus]]] = {
    RequestStatus.WAITING_APPROVAL: frozenset(
        {RequestStatus.CONFIRMED, RequestStatus.APPROVED, RequestStatus.REJECTED}
    ),
    RequestStatus.CONFIRMED: frozenset({RequestStatus.APPROVED, RequestStatus.REJECTED}),
    # An approved wish is still rejected when the plan it joined is.
    RequestStatus.APPROVED: frozenset({RequestStatus.COMPLETED, RequestStatus.REJECTED}),
    # Completed: whoever wished has been told.
    RequestStatus.REJECTED: frozenset({RequestStatus.COMPLETED}),
    RequestStatus.COMPLETED: frozenset(),
}

REFUND_MOVES: Final[Mapping[RefundState, frozenset[RefundState]]] = {
    RefundState.READY: frozenset({RefundState.SENDING, RefundState.WITHDRAWN}),
    # Sending again is another claim after the lease of a worker that died.
    RefundState.SENDING: frozenset(
        {
            RefundState.SENDING,
            RefundState.SUCCEEDED,
            RefundState.PENDING,
            RefundState.DECLINED,
            RefundState.UNKNOWN,
            RefundState.MANUAL,
        }
    ),
    RefundState.PENDING: frozenset({RefundState.SENDING, RefundState.MANUAL}),
    RefundState.UNKNOWN: frozenset({RefundState.SENDING, RefundState.MANUAL}),
    # Only a supervisor with evidence ends it; trying again is a new row under the same cap.
    RefundState.MANUAL: frozenset({RefundState.SUCCEEDED, RefundState.DECLINED}),
    RefundState.SUCCEEDED: frozenset(),
    RefundState.DECLINED: frozenset(),
    RefundState.WITHDRAWN: frozenset(),
}


def check_request_move(current: RequestStatus, target: RequestStatus, *, subject: str = _REQUEST) -> None:
    """Refuse a move of a request that the table does not know. Raises TransitionNotAllowed."""
    if target not in REQUEST_MOVES[current]:
        raise refusal(subject, current, target, REQUEST_MOVES[current])


def check_refund_move(
    current: RefundState,
    target: RefundState,
    *,
    evidence: str = "",
    refund_reversed: bool = False,
    subject: str = _REFUND,
) -> None:
    """Refuse a move of a refund that the table does not know. Raises TransitionNotAllowed.

    A person who ends a manual refund must say by what evidence (InvalidInput). What has succeeded fails only
    because the bank took it back.
    """
    if refund_reversed and (current, target) == (RefundState.SUCCEEDED, RefundState.DECLINED):
        return
    if target not in REFUND_MOVES[current]:
        raise refusal(subject, current, target, REFUND_MOVES[current])
    if current is RefundState.MANUAL and not evidence.strip():
        raise InvalidInput(
            N_("A refund that was checked by hand needs its evidence."),
            fields={"evidence": [N_("Enter the bank's or the till's reference.")]},
        )
