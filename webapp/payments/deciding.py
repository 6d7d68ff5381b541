"""What to do next about one refund, from facts alone: no database, no network, no clock of its own.

The rule of the house: a timeout means unknown, unknown is answered by asking, and asking that finds nothing lets us
send again only where that cannot pay twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from webapp.core.money import in_words
from webapp.payments.gateway import Capabilities, FoundRefund, Lookup, Outcome, RefundAnswer

# A key that the gateway may forget soon is not trusted any more: it would pay a second time for it.
KEY_SAFETY_S: Final = 4 * 3600.0
# An outcome that nobody could find out for this long is a person's to find out.
UNKNOWN_TOO_OLD_S: Final = 24 * 3600.0
PENDING_CHECK_S: Final = 300.0
# A gateway that asks for more patience is asked again all the same, while its key still lives.
LONGEST_WAIT_S: Final = 4 * 3600.0
_MOVES: Final = frozenset({Outcome.SUCCEEDED, Outcome.PENDING})


class Step(StrEnum):
    """What comes next."""

    SEND = "send"
    SUCCEEDED = "succeeded"
    PENDING = "pending"
    DECLINED = "declined"
    WAIT = "wait"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class SentFacts:
    """What we know of our own sending. Ages in seconds by the database's clock; None: never sent."""

    amount: Decimal
    currency: str
    first_sent_age_s: float | None = None
    last_sent_age_s: float | None = None
    # How often it was sent or asked for, which sets the wait before the next look.
    attempts: int = 0
    # The last answer said that the payment was refunded already: if not by us, by somebody else.
    said_already_refunded: bool = False
    # The last answer was a definite no, and was not believed at once because an earlier sending had no answer.
    said_declined: bool = False
    # There was a sending before the last one: of that nobody knows what came of it.
    was_resent: bool = False

    @property
    def was_sent(self) -> bool:
        """Whether a request may have left us; a worker that died before sending counts as one that sent."""
        return self.first_sent_age_s is not None


@dataclass(frozen=True, slots=True)
class Decision:
    """The next step; `words` for staff, `wait_s` until the next look, `pauses_gateway` when nobody can get through."""

    step: Step
    words: str = ""
    wait_s: float = 0.0
    gateway_ref: str | None = None
    pauses_gateway: bool = False


def must_look_first(capabilities: Capabilities, facts: SentFacts) -> bool:
    """Ask before sending unless this is the first sending and the key would catch a second."""
    return facts.was_sent or not capabilities.honours_keys


def after_lookup(
    capabilities: Capabilities, facts: SentFacts, lookup: Lookup, backoff_s: Sequence[float]
) -> Decision:
    """What the gateway's own books say about our refund, and what follows."""
    if lookup.access_refused:
        words = f"The gateway does not accept our access: {lookup.words}"
        return Decision(Step.WAIT, words, _backoff(facts, backoff_s), pauses_gateway=True)
    if not lookup.answered:
        return _unanswered(facts, lookup.words, backoff_s)
    if len(lookup.found) > 1:
        return Decision(Step.MANUAL, f"The gateway has {len(lookup.found)} refunds with our reference.")
    if lookup.found:
        return _found(facts, lookup.found[0])
    return _not_found(capabilities, facts)


def after_answer(
    capabilities: Capabilities, facts: SentFacts, answer: RefundAnswer, backoff_s: Sequence[float]
) -> Decision:
    """What one answer to our order means. Nothing here ever leads to a second key."""
    wait_s = max(min(answer.retry_after_s or 0.0, LONGEST_WAIT_S), _backoff(facts, backoff_s))
    if answer.outcome in _MOVES and not _is_as_asked(facts, answer):
        return _moved_otherwise(facts, answer)
    match answer.outcome:
        case Outcome.SUCCEEDED:
            return Decision(Step.SUCCEEDED, gateway_ref=answer.gateway_ref)
        case Outcome.PENDING:
            words = "The gateway took the order and will say when it is done."
            return Decision(Step.PENDING, words, PENDING_CHECK_S, answer.gateway_ref)
        case Outcome.DECLINED:
            return _declined(capabilities, facts, answer, wait_s)
        case Outcome.ALREADY_REFUNDED:
            # It may be our own earlier yes whose answer was lost: look, at once.
            return Decision(
                Step.WAIT, "The gateway says that it was refunded already; we look whether by us.", 0.0
            )
        case Outcome.CONTRADICTORY:
            return Decision(Step.MANUAL, f"The gateway knows our key with other terms: {answer.words}")
        case Outcome.MISCONFIGURED:
            words = f"The gateway does not accept our access: {answer.words}"
            return Decision(Step.WAIT, words, wait_s, pauses_gateway=True)
        case Outcome.UNABLE:
            return Decision(Step.MANUAL, answer.words)
        case Outcome.UNKNOWN:
            return Decision(Step.WAIT, answer.words or "No answer yet.", max(wait_s, _quiet_s(capabilities)))


def _declined(capabilities: Capabilities, facts: SentFacts, answer: RefundAnswer, wait_s: float) -> Decision:
    """A definite no is the end, unless it may be the first sending's yes that made this one impossible.

    Without keys the gateway takes our second sending for another refund, and refuses it because nothing is left. With
    keys it would have repeated its first answer.
    """
    if capabilities.honours_keys or not facts.was_sent:
        return Decision(Step.DECLINED, answer.words, gateway_ref=answer.gateway_ref)
    words = f"A second sending was refused ({answer.words}); we look whether the first one was done."
    return Decision(Step.WAIT, words, max(wait_s, _quiet_s(capabilities)))


def _is_as_asked(facts: SentFacts, answer: RefundAnswer) -> bool:
    """Whether what moves is what was asked for, as far as the answer says."""
    same_amount = answer.amount is None or answer.amount == facts.amount
    return same_amount and answer.currency in (None, facts.currency)


def _moved_otherwise(facts: SentFacts, answer: RefundAnswer) -> Decision:
    """Booking our amount would be untrue, and so would be booking theirs: nobody has approved that."""
    amount = facts.amount if answer.amount is None else answer.amount
    moved = f"{amount} {answer.currency or facts.currency}"
    words = f"The gateway says it pays back {moved}, we asked for {in_words(facts.amount, facts.currency)}."
    return Decision(Step.MANUAL, words, gateway_ref=answer.gateway_ref)


def _quiet_s(capabilities: Capabilities) -> float:
    """How long nothing is looked up or sent after a sending; no time where a key catches the second."""
    return 0.0 if capabilities.honours_keys else capabilities.max_processing_delay_s


def _unanswered(facts: SentFacts, words: str, backoff_s: Sequence[float]) -> Decision:
    if (facts.first_sent_age_s or 0.0) > UNKNOWN_TOO_OLD_S:
        return Decision(Step.MANUAL, f"Nobody could find out for a day: {words}")
    return Decision(Step.WAIT, words or "The gateway could not be asked.", _backoff(facts, backoff_s))


def _found(facts: SentFacts, found: FoundRefund) -> Decision:
    if (found.amount, found.currency) != (facts.amount, facts.currency):
        words = f"The gateway has {in_words(found.amount, found.currency)} under our reference, we sent {in_words(facts.amount, facts.currency)}."
        return Decision(Step.MANUAL, words, gateway_ref=found.gateway_ref)
    match found.outcome:
        case Outcome.SUCCEEDED:
            return Decision(Step.SUCCEEDED, gateway_ref=found.gateway_ref)
        case Outcome.PENDING:
            return Decision(Step.PENDING, "The gateway is at it.", PENDING_CHECK_S, found.gateway_ref)
        case Outcome.DECLINED:
            return Decision(Step.DECLINED, "The gateway says that it failed.", gateway_ref=found.gateway_ref)
        case _:
            return Decision(
                Step.MANUAL, "The gateway names a state that we do not know.", gateway_ref=found.gateway_ref
            )


def _not_found(capabilities: Capabilities, facts: SentFacts) -> Decision:
    if facts.first_sent_age_s is None or facts.last_sent_age_s is None:
        return Decision(Step.SEND)
    if facts.said_already_refunded or facts.said_declined:
        return _refused_and_not_found(capabilities, facts)
    if capabilities.honours_keys:
        if facts.first_sent_age_s < capabilities.key_window_s - KEY_SAFETY_S:
            return Decision(Step.SEND)
        return Decision(Step.MANUAL, "The gateway may have forgotten our key; sending again could pay twice.")
    if not capabilities.lookup_authoritative:
        return Decision(Step.MANUAL, "The gateway's list does not prove that nothing was done.")
    quiet_left_s = capabilities.max_processing_delay_s - facts.last_sent_age_s
    if quiet_left_s > 0:
        return Decision(Step.WAIT, "It may still be on its way through the gateway.", quiet_left_s)
    return Decision(Step.SEND)


def _refused_and_not_found(capabilities: Capabilities, facts: SentFacts) -> Decision:
    """It said no and does not list ours. Never sent again; after a second sending without keys it proves nothing."""
    if capabilities.honours_keys or not (facts.was_resent or facts.said_declined):
        return Decision(Step.DECLINED, "The payment was refunded already, but not by us.")
    quiet_left_s = capabilities.max_processing_delay_s - (facts.last_sent_age_s or 0.0)
    if quiet_left_s > 0:
        return Decision(Step.WAIT, "It may still be on its way through the gateway.", quiet_left_s)
    # A quiet time that is too short looks the same as a first sending that was never done: only a person can tell.
    words = (
        "The gateway refused a second sending and lists no refund of ours. The first had no answer:"
        " look there whether the money went back."
    )
    return Decision(Step.MANUAL, words)


def _backoff(facts: SentFacts, backoff_s: Sequence[float]) -> float:
    return backoff_s[min(facts.attempts, len(backoff_s) - 1)]
