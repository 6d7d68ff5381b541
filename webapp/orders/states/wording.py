"""The sentence of a refused move: what the thing is, why it cannot go there, and where it could."""

from collections.abc import Iterable
from typing import Final

from webapp.core.errors import TransitionNotAllowed
from webapp.core.sentences import Sentence, alternatives, mid_sentence, one_after_another, said
from webapp.core.text import N_
from webapp.orders.enums import CancelStatus, OrderStatus, RefundState, RequestStatus

State = OrderStatus | CancelStatus | RequestStatus | RefundState

_NOWHERE: Final = N_("That is final.")


def words(state: State | None) -> Sentence:
    """The state as staff read it, with the code where there is one: `shipped (500)`."""
    if state is None:
        return said(N_("not opened yet"))
    label = mid_sentence(state.label)
    if isinstance(state, OrderStatus):
        return said(N_("%(status)s (%(code)s)"), status=label, code=state.wire)
    return label


def either(states: Iterable[State]) -> Sentence:
    """The states as an alternative: `shipped (500), shipped, customer informed (510) or delivered (550)`."""
    return alternatives([words(state) for state in sorted(states, key=_order)])


def refusal(
    subject: str, current: State | None, target: State, allowed: Iterable[State], because: str = ""
) -> TransitionNotAllowed:
    """The refusal of current -> target, with the codes in its details for programs."""
    options = frozenset(allowed)
    ways = said(N_("It can become %(options)s."), options=either(options)) if options else said(_NOWHERE)
    sentence = said(
        N_("%(subject)s is %(current)s and cannot become %(target)s."),
        subject=subject,
        current=words(current),
        target=words(target),
    )
    return TransitionNotAllowed(
        one_after_another([sentence, because, ways]),
        details={
            "current": None if current is None else current.value,
            "target": target.value,
            "allowed": [state.value for state in sorted(options, key=_order)],
        },
    )


def _order(state: State) -> int:
    return list(type(state)).index(state)
