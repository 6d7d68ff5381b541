"""Looking at a refund again because its gateway has news of it; the message itself is not believed.

A refund that is under way is the machine's: it is only woken. One that has ended is looked up in the gateway's
books the way the machine looks, and what they say now is booked or shown to a person.
"""

import uuid
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.core import breaker
from webapp.core.audit import SYSTEM
from webapp.core.db import unit_of_work
from webapp.core.operations import OperationRun, OperationState
from webapp.core.settings import Timing
from webapp.orders.enums import UNDER_WAY_REFUND_STATES, RefundState
from webapp.orders.service.refunds.claims import order_of
from webapp.orders.service.refunds.locking import locked_refund
from webapp.orders.service.refunds.machine import breaker_name
from webapp.orders.service.refunds.manual import check_now
from webapp.orders.service.refunds.reversal import reverse_refund
from webapp.orders.service.refunds.settling import raise_for_person
from webapp.payments.gateway import Gateway, Gateways, Lookup, Outcome, RefundOrder
from webapp.payments.models import Refund, Transaction

# A worker is at the refund right now; what it reads may be older than the news.
BUSY_S: Final = 2.0
_MOVED: Final = frozenset({Outcome.SUCCEEDED, Outcome.PENDING})


@dataclass(frozen=True, slots=True)
class RefundRecheck:
    """The handler of `refund.recheck`; safe to run twice."""

    gateways: Gateways
    timing: Timing

    def run(self, run: OperationRun) -> None:
        """Wake the machine, or ask the gateway about a refund that has ended. Raises LeaseLost."""
        refund_id = uuid.UUID(run.args["refund_id"])
        with unit_of_work() as session:
            order = self._to_ask(session, run, refund_id)
        if order is None:
            return None
        gateway = self.gateways(str(run.args["gateway"]))
        with unit_of_work() as session:
            wait_s = breaker.admit(session, breaker_name(gateway), self.timing)
            if wait_s is not None:
                return run.postpone(session, wait_s, "The gateway does not answer; it is asked again soon.")
        lookup = self._look(gateway, order)
        with unit_of_work() as session:
            if not lookup.answered:
                attempt = min(run.attempt, len(self.timing.backoff_s)) - 1
                return run.postpone(session, self.timing.backoff_s[attempt], lookup.words)
            words = _apply(session, refund_id, lookup)
            run.finish(session, {"words": words})
        return None

    def _to_ask(self, session: Session, run: OperationRun, refund_id: uuid.UUID) -> RefundOrder | None:
        """What to ask; None when the machine was woken instead, or is at it and this has to wait."""
        refund = session.get_one(Refund, refund_id)
        if RefundState(refund.state) not in UNDER_WAY_REFUND_STATES:
            return order_of(session, refund, session.get_one(Transaction, refund.transaction_id))
        if _is_worked_on(session, refund_id):
            run.postpone(session, BUSY_S, "The refund is being worked on.")
        else:
            check_now(session, refund_id)
            run.finish(session, {"words": "The refund is looked at now."})
        return None

    def _look(self, gateway: Gateway, order: RefundOrder) -> Lookup:
        lookup = gateway.lookup(order)
        with unit_of_work() as session:
            if lookup.answered:
                breaker.note_success(session, breaker_name(gateway))
            else:
                breaker.note_failure(session, breaker_name(gateway), lookup.words, self.timing)
        return lookup


def _is_worked_on(session: Session, refund_id: uuid.UUID) -> bool:
    leased = text(
        "SELECT 1 FROM operation WHERE kind = 'refund.run' AND dedupe_key = :refund AND state = :leased"
        " AND lease_until > clock_timestamp()"
    )
    found = session.execute(leased, {"refund": str(refund_id), "leased": OperationState.LEASED.value})
    return found.first() is not None


def _apply(session: Session, refund_id: uuid.UUID, lookup: Lookup) -> str:
    """Write what the gateway says now of a refund that had ended; the words are for the operation."""
    order, refund = locked_refund(session, refund_id)
    has_moved = any(found.outcome in _MOVED for found in lookup.found)
    if refund.state == RefundState.SUCCEEDED and lookup.found and not has_moved:
        if all(found.outcome is Outcome.DECLINED for found in lookup.found):
            reverse_refund(session, order, refund, words="The bank says that it failed.", context=SYSTEM)
            return "The refund has failed after it had succeeded."
        words = "The gateway names a state of it that we do not know."
        raise_for_person(session, order, refund, words)
        return words
    if refund.state in (RefundState.DECLINED, RefundState.MANUAL) and has_moved:
        words = "The gateway says now that it pays this refund back. Do not pay it a second time."
        raise_for_person(session, order, refund, words)
        return words
    return "Nothing new."
