"""Writing what came of a refund: refund, ledger, plan, items and order in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from webapp.core.audit import SYSTEM, AuditContext, record
from webapp.core.money import in_words
from webapp.core.operations import OperationRun
from webapp.orders.enums import (
    AttentionKind,
    RefundState,
    RefundWay,
)
from webapp.orders.locks import lock_order
from webapp.orders.models import Order
from webapp.orders.service.attention import Alarm, raise_attention
from webapp.orders.service.news import announce_refund
from webapp.orders.service.refunds.claims import Claim
from webapp.orders.service.refunds.plan_moves import move_plan
from webapp.orders.service.standing import restate
from webapp.orders.states import (
    check_refund_move,
)
from webapp.payments.deciding import Decision, Step
from webapp.payments.gateway import Outcome
from webapp.payments.models import GatewayAccount, LedgerEntry, Refund, RefundAttempt

_STATES: Final = {
    Step.SUCCEEDED: RefundState.SUCCEEDED,
    Step.PENDING: RefundState.PENDING,
    Step.DECLINED: RefundState.DECLINED,
    Step.WAIT: RefundState.UNKNOWN,
    Step.MANUAL: RefundState.MANUAL,
}
_MOVED: Final = (Outcome.SUCCEEDED.value, Outcome.PENDING.value)
_DID_NOT_MOVE: Final = (RefundState.DECLINED, RefundState.MANUAL, RefundState.WITHDRAWN)
_LOOKS_AGAIN: Final = frozenset({Step.PENDING, Step.WAIT})


@dataclass(frozen=True, slots=True)
class AttemptLog:
    """One line of the attempt log; `phase` is query or send."""

    phase: str
    attempt: int
    outcome: str
    started_at: datetime
    http_status: int | None = None
    code: str = ""
    words: str = ""
    gateway_ref: str | None = None


def settle(
    session: Session,
    run: OperationRun,
    claim: Claim,
    decision: Decision,
    log: AttemptLog | None,
    *,
    gateway_name: str,
) -> None:
    """Write the decision and end or put off the operation. Raises LeaseLost when somebody else has taken over."""
    run.fence(session)
    order = lock_order(session, claim.order_id)
    refund = session.get_one(Refund, claim.refund_id, populate_existing=True, with_for_update=True)
    if log is not None:
        _write_attempt(session, claim, log)
        _alarm_if_sent_twice(session, order, refund, log)
    if decision.pauses_gateway:
        _pause(session, gateway_name, decision.words)
    decision = _if_its_own(session, refund, decision)
    state = _STATES[decision.step]
    check_refund_move(RefundState(refund.state), state)
    refund.gateway_ref = decision.gateway_ref or refund.gateway_ref
    apply_state(session, order, refund, state, words=decision.words, context=SYSTEM)
    if decision.step in _LOOKS_AGAIN:
        run.postpone(session, decision.wait_s, decision.words)
    else:
        run.finish(session, {"state": state.value, "words": decision.words})


def keep_late_answer(session: Session, claim: Claim, log: AttemptLog) -> None:
    """What a worker was told that has lost its lease: evidence, which moves nothing.

    Money that it may have moved beside its successor is shown to a person: no book of ours would tell.
    """
    order = lock_order(session, claim.order_id)
    refund = session.get_one(Refund, claim.refund_id, populate_existing=True)
    _write_attempt(session, claim, log)
    if log.outcome not in _MOVED:
        return
    if RefundState(refund.state) in _DID_NOT_MOVE:
        words = f"A late answer of the gateway says that it was paid back ({log.gateway_ref or 'without a reference'})."
        raise_for_person(session, order, refund, f"{words} Do not pay it a second time.")
    else:
        _alarm_if_sent_twice(session, order, refund, log)


def _alarm_if_sent_twice(session: Session, order: Order, refund: Refund, log: AttemptLog) -> None:
    """Two sendings that the gateway did under two names of its own: it may have paid twice."""
    if log.phase != "send" or log.outcome not in _MOVED:
        return
    session.flush()
    sendings = select(RefundAttempt.gateway_ref).where(
        RefundAttempt.refund_id == refund.id, RefundAttempt.phase == "send", RefundAttempt.outcome.in_(_MOVED)
    )
    names = {*session.scalars(sendings), refund.gateway_ref} - {None}
    if len(names) > 1:
        words = f"The gateway did two sendings of it ({', '.join(sorted(map(str, names)))}): it may have been paid twice."
        raise_for_person(session, order, refund, words)


def _if_its_own(session: Session, refund: Refund, decision: Decision) -> Decision:
    """The decision, unless the gateway calls it by the name of another refund: one movement pays back one refund."""
    if decision.gateway_ref is None:
        return decision
    other = session.scalar(
        select(Refund.id).where(
            Refund.gateway == refund.gateway,
            Refund.gateway_ref == decision.gateway_ref,
            Refund.id != refund.id,
        )
    )
    if other is None:
        return decision
    words = f"The gateway answers with the movement {decision.gateway_ref}, which belongs to another refund."
    return Decision(Step.MANUAL, words)


def _write_attempt(session: Session, claim: Claim, log: AttemptLog) -> None:
    session.add(
        RefundAttempt(
            refund_id=claim.refund_id,
            attempt=log.attempt,
            phase=log.phase,
            outcome=log.outcome,
            http_status=log.http_status,
            code=log.code[:64],
            words=log.words[:2000],
            gateway_ref=log.gateway_ref,
            started_at=log.started_at,
        )
    )


def apply_state(
    session: Session, order: Order, refund: Refund, state: RefundState, *, words: str, context: AuditContext
) -> None:
    """Give a refund its new state with all that follows for money, plan and order; under the order's lock.

    The one path by which money counts as paid back, whoever said so: an answer, a lookup, a person with evidence.
    """
    before = refund.state
    refund.state = state.value
    refund.last_error = words[:2000] or None
    refund.version += 1
    if state is RefundState.SUCCEEDED:
        _book(session, order, refund)
    if state in (RefundState.DECLINED, RefundState.SUCCEEDED):
        refund.settled_at = func.clock_timestamp()
    if state is RefundState.MANUAL or (state is RefundState.DECLINED and refund.way == RefundWay.RELEASE):
        # No plan waits for a release, so that nobody would notice one that was refused.
        raise_for_person(session, order, refund, words)
    if refund.plan_id is not None:
        move_plan(session, order, refund.plan_id)
    restate(session, order)
    if before != state:
        amount = in_words(refund.amount, refund.currency)
        record(
            session,
            context,
            f"refund.{state.value}",
            subject=("refund", refund.id),
            order_id=order.id,
            summary=amount,
            words=words,
            changes={"state": [before, state.value]},
        )
        announce_refund(session, order, refund)


def _book(session: Session, order: Order, refund: Refund) -> None:
    """The movement that has happened; letting reserved money go moves none."""
    if refund.way == RefundWay.RELEASE:
        return
    session.add(
        LedgerEntry(
            refund_id=refund.id,
            order_id=order.id,
            kind="refund",
            amount=refund.amount,
            currency=refund.currency,
            gateway_ref=refund.gateway_ref,
        )
    )
    order.refund_amount += refund.amount


def _pause(session: Session, gateway_name: str, words: str) -> None:
    session.execute(
        update(GatewayAccount)
        .where(GatewayAccount.name == gateway_name, GatewayAccount.paused_because.is_(None))
        .values(paused_because=words[:500])
    )


def raise_for_person(session: Session, order: Order, refund: Refund, words: str) -> None:
    """Have it on the attention page: only a person can find out, or mend it."""
    alarm = Alarm(
        order_id=order.id,
        channel_id=order.channel_id,
        kind=AttentionKind.REFUND_NEEDS_PERSON,
        words=f"The refund of {in_words(refund.amount, refund.currency)} must be looked into: {words}",
        facts={"refund_id": str(refund.id), "amount": str(refund.amount)},
    )
    raise_attention(session, [alarm])
