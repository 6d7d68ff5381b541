"""Look, send, look again. The only place that calls a gateway for money, and never inside a transaction."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from webapp.core import breaker
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.operations import LeaseLost, OperationRun
from webapp.core.settings import Timing
from webapp.orders.service.refunds.claims import Claim, NotNow, claim_refund, mark_sent
from webapp.orders.service.refunds.settling import AttemptLog, keep_late_answer, settle
from webapp.payments.deciding import Decision, Step, after_answer, after_lookup, must_look_first
from webapp.payments.gateway import Gateway, Gateways, Lookup, Outcome, RefundAnswer

UNREACHED = frozenset({Outcome.UNKNOWN, Outcome.MISCONFIGURED})


@dataclass(frozen=True, slots=True)
class RefundMachine:
    """Takes one refund one step further: to its end, or to the time of its next look."""

    gateways: Gateways
    timing: Timing

    def run(self, run: OperationRun) -> None:
        """The handler of `refund.run`; safe to run twice, at any point, by anybody. Raises LeaseLost."""
        gateway = self.gateways(str(run.args["gateway"]))
        with unit_of_work() as session:
            wait_s = breaker.admit(session, breaker_name(gateway), self.timing)
        if wait_s is not None:
            return _put_off(run, NotNow(wait_s, "The gateway does not answer; it is asked again soon."))
        with unit_of_work() as session:
            claim = claim_refund(session, run, gateway.capabilities)
        if isinstance(claim, NotNow):
            return _put_off(run, claim)
        self._settle(run, gateway, claim, self._next(run, gateway, claim))
        return None

    def _next(self, run: OperationRun, gateway: Gateway, claim: Claim) -> "Done":
        if must_look_first(gateway.capabilities, claim.facts):
            done = self._look(gateway, claim)
            if done.decision.step is not Step.SEND:
                return done
        return self._send(run, gateway, claim)

    def _look(self, gateway: Gateway, claim: Claim) -> "Done":
        began = utc_now()
        lookup = gateway.lookup(claim.order)
        self._note(gateway, reached=lookup.answered, words=lookup.words)
        decision = after_lookup(gateway.capabilities, claim.facts, lookup, self.timing.backoff_s)
        return Done(decision, _log_of_lookup(claim, lookup, decision, began))

    def _send(self, run: OperationRun, gateway: Gateway, claim: Claim) -> "Done":
        leased_at = time.monotonic()
        with unit_of_work() as session:
            mark_sent(session, run, claim.refund_id)
        # The lease was renewed just now; a worker that froze in between must not send beside its successor.
        if time.monotonic() - leased_at > run.lease_s - self.timing.call_s:
            return Done(Decision(Step.WAIT, "The worker was too slow to send safely.", 1.0), None)
        began = utc_now()
        answer = _ask(gateway, claim)
        self._note(gateway, reached=answer.outcome not in UNREACHED, words=answer.words)
        decision = after_answer(gateway.capabilities, claim.facts, answer, self.timing.backoff_s)
        return Done(decision, _log_of_answer(claim, answer, began))

    def _settle(self, run: OperationRun, gateway: Gateway, claim: Claim, done: "Done") -> None:
        try:
            with unit_of_work() as session:
                settle(session, run, claim, done.decision, done.log, gateway_name=gateway.name)
        except LeaseLost:
            # Somebody else settles it; what we were told moves nothing any more.
            if done.log is not None:
                with unit_of_work() as session:
                    keep_late_answer(session, claim, done.log)
            raise

    def _note(self, gateway: Gateway, *, reached: bool, words: str) -> None:
        with unit_of_work() as session:
            if reached:
                breaker.note_success(session, breaker_name(gateway))
            else:
                breaker.note_failure(session, breaker_name(gateway), words, self.timing)


@dataclass(frozen=True, slots=True)
class Done:
    """A decision and the line of the attempt log it rests on; no line where nothing was asked."""

    decision: Decision
    log: AttemptLog | None


def _ask(gateway: Gateway, claim: Claim) -> RefundAnswer:
    """Send it; money that is only reserved is let go instead of paid back."""
    return gateway.cancel_payment(claim.order) if claim.order.is_release else gateway.refund(claim.order)


def _put_off(run: OperationRun, wait: NotNow) -> None:
    with unit_of_work() as session:
        if wait.seconds is None:
            run.finish(session, {"words": wait.words})
        else:
            run.postpone(session, wait.seconds, wait.words)


def breaker_name(gateway: Gateway) -> str:
    """What the gateway's breaker is called; all that ask it share one."""
    return f"gateway:{gateway.name}"


def _log_of_lookup(claim: Claim, lookup: Lookup, decision: Decision, began: datetime) -> AttemptLog:
    outcome = decision.step.value if lookup.answered else "unanswered"
    return AttemptLog(
        phase="query", attempt=claim.attempt, outcome=outcome, words=lookup.words, started_at=began
    )


def _log_of_answer(claim: Claim, answer: RefundAnswer, began: datetime) -> AttemptLog:
    return AttemptLog(
        phase="send",
        attempt=claim.attempt,
        outcome=answer.outcome.value,
        http_status=answer.http_status,
        code=answer.code,
        words=answer.words,
        gateway_ref=answer.gateway_ref,
        started_at=began,
    )


def gateways_of(made: Mapping[str, Gateway]) -> Gateways:
    """A lookup over gateways that are already made, for tests and commands."""
    return made.__getitem__
