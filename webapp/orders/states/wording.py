"""The sentence of a refused move: what the thing is, why it cannot go there, and where it could."""

from collections.abc import Iterable
from typing import Final

from webapp.core.errors import TransitionNotAllowed
from webapp.orders.enums import CancelStatus, OrderStatus, RefundState, RequestStatus

State = OrderStatus | CancelStatus | RequestStatus | RefundState

_NOWHERE: Final = "That is final."


def words(state: State | None) -> str:
    """The state as staff read it, with the code where there is one: `shipped (500)`."""
    if state is None:
        return "not opened yet"
    label = state.label[0].lower() + state.label[1:]
    return f"{label} ({state.wire})" if isinstance(state, OrderStatus) else label


def either(states: Iterable[State]) -> str:
    """The states as an alternative: `shipped (500), shipped, customer informed (510) or delivered (550)`."""
    named = [words(state) for state in sorted(states, key=_order)]
    return " or ".join(filter(None, [", ".join(named[:-1]), named[-1]])) if named else ""


def refusal(
    subject: str, current: State | None, target: State, allowed: Iterable[State], because: str = ""
) -> TransitionNotAllowed:
    """The refusal of current -> target, with the codes in its details for programs."""
    options = frozenset(allowed)
    ways = f"It can become {either(options)}." if options else _NOWHERE
    sentence = f"{subject} is {words(current)} and cannot become {words(target)}."
    return TransitionNotAllowed(
        " ".join(filter(None, [sentence, because, ways])),
        details={
            "current": None if current is None else current.value,
            "target": target.value,
            "allowed": [state.value for state in sorted(options, key=_order)],
        },
    )


def _order(state: State) -> int:
    return list(type(state)).index(state)
