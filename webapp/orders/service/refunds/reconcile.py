"""Nightly and by button: the gateway's own list against our ledger; each break is a row that a person closes."""

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.auth.roles import Permission
from webapp.core.audit import record
from webapp.core.clock import utc_now
from webapp.core.db import unit_of_work
from webapp.core.errors import Conflict, InvalidInput, NotFound
from webapp.core.operations import NewOperation, OperationRun, Queue
from webapp.core.periodic import slot_of
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.orders.enums import UNDER_WAY_REFUND_STATES, RefundState, RefundWay
from webapp.orders.service.cancellation.authority import Authority
from webapp.payments.account_types import PAYING_TYPES
from webapp.payments.gateway import FoundRefund, Gateway
from webapp.payments.models import GatewayAccount, LedgerEntry, ReconciliationBreak, Refund, Transaction
from webapp.payments.reconciling import Break, OurRefund, compare

DAYS: Final = 7
# Days that our side reaches further back than theirs: a refund may be booked there after midnight.
MARGIN_DAYS: Final = 1
# The part of a lease after which it is renewed while a long list is read.
RENEWED_AFTER: Final = 0.25
A_DAY_MIN: Final = 24 * 60

# A difference that is known, open or closed, is not written again: a person has seen it.
_KEEP = text("""
INSERT INTO reconciliation_break (gateway, kind, subject, refund_id, order_id, our_amount, their_amount, our_currency,
    their_currency)
SELECT given.* FROM (VALUES (CAST(:gateway AS text), CAST(:kind AS text), CAST(:subject AS text),
    CAST(:refund AS uuid), CAST(:order AS bigint), CAST(:our_amount AS numeric), CAST(:their_amount AS numeric),
    CAST(:our_currency AS text), CAST(:their_currency AS text)))
    AS given(gateway, kind, subject, refund_id, order_id, our_amount, their_amount, our_currency, their_currency)
WHERE NOT EXISTS (
    SELECT 1 FROM reconciliation_break AS known
    WHERE known.gateway = given.gateway AND known.kind = given.kind AND known.subject = given.subject
)
ON CONFLICT DO NOTHING
RETURNING id
""")


def reconcile(run: OperationRun, gateway: Gateway, *, days: int = DAYS) -> None:
    """The handler of `refund.reconcile`: compare the last days and keep what differs. Safe to run twice."""
    since = utc_now() - timedelta(days=days)
    # No transaction is open while the gateway is read.
    theirs = list(_renewing(run, gateway.refunds_since(since)))
    with unit_of_work() as session:
        breaks = compare(our_refunds(session, gateway.name, since - timedelta(days=MARGIN_DAYS)), theirs)
        own_window = [each for each in breaks if not _is_margin(session, each, since)]
        new = keep(session, gateway.name, own_window)
        run.finish(session, {"compared": len(theirs), "breaks": len(own_window), "new": new})


def _renewing(run: OperationRun, found: Iterable[FoundRefund]) -> Iterator[FoundRefund]:
    """The gateway's list, which may take longer to read than a lease lasts. Raises LeaseLost."""
    renewed_at = time.monotonic()
    for number, each in enumerate(found, start=1):
        if time.monotonic() - renewed_at >= run.lease_s * RENEWED_AFTER:
            with unit_of_work() as session:
                run.fence(session, done=number)
            renewed_at = time.monotonic()
        yield each


def our_refunds(session: Session, gateway_name: str, since: datetime) -> list[OurRefund]:
    """Our refunds at that gateway that were made or settled since, with what the ledger says of them."""
    booked = (
        select(LedgerEntry.refund_id, func.count().label("entries"))
        .group_by(LedgerEntry.refund_id)
        .having(func.bool_and(LedgerEntry.kind == "refund"))
        .subquery()
    )
    rows = session.execute(
        select(Refund, Transaction.gateway_ref.label("payment_ref"), booked.c.entries)
        .join(Transaction, Transaction.id == Refund.transaction_id)
        .outerjoin(booked, booked.c.refund_id == Refund.id)
        .where(
            func.coalesce(Refund.gateway, Transaction.gateway) == gateway_name,
            func.coalesce(Refund.settled_at, Refund.created_at) >= since,
            Refund.way.in_([RefundWay.GATEWAY.value, RefundWay.CHANNEL.value, RefundWay.MANUAL.value]),
        )
    )
    return [
        OurRefund(
            reference=str(refund.id),
            order_id=refund.order_id,
            payment_ref=payment_ref or "",
            amount=refund.amount,
            currency=refund.currency,
            is_booked=entries is not None,
            is_open=RefundState(refund.state) in UNDER_WAY_REFUND_STATES
            or refund.state == RefundState.MANUAL,
            gateway_ref=refund.gateway_ref or "",
            is_external=refund.plan_id is None,
        )
        for refund, payment_ref, entries in rows
    ]


def keep(session: Session, gateway_name: str, breaks: Sequence[Break]) -> int:
    """Write the breaks that are not known yet, open or closed; how many were new."""
    new = 0
    for each in breaks:
        given = {
            "gateway": gateway_name,
            "kind": each.kind.value,
            "subject": each.subject,
            "refund": each.reference or None,
            "order": each.order_id,
            "our_amount": each.our_amount,
            "their_amount": each.their_amount,
            "our_currency": each.our_currency,
            "their_currency": each.their_currency,
        }
        new += session.execute(_KEEP, given).first() is not None
    return new


def close_break(session: Session, break_id: int, by: Authority, *, words: str) -> ReconciliationBreak:
    """A person has found out and says what it was. Raises InvalidInput without words, Conflict when closed already."""
    by.require(Permission.REFUND_RECONCILE)
    if not words.strip():
        raise InvalidInput(
            N_("Say what it was and what was done."), fields={"words": [N_("Say what it was.")]}
        )
    found = session.get(ReconciliationBreak, break_id, with_for_update=True)
    if found is None:
        raise NotFound(N_("There is no such difference."))
    if found.closed_at is not None:
        who = session.scalar(select(StaffUser.name).where(StaffUser.id == found.closed_by_id)) or "Kontor"
        raise Conflict(
            said(
                N_("%(who)s has closed this difference on %(closed_at)s UTC."),
                who=who,
                closed_at=f"{found.closed_at:%d %b %Y at %H:%M:%S}",
            ),
            code="already_closed",
        )
    found.closed_at = utc_now()
    found.closed_by_id = by.context.staff_id
    found.closing_words = words.strip()
    record(
        session,
        by.context,
        "reconciliation_break.closed",
        subject=("reconciliation_break", found.id),
        order_id=found.order_id,
        words=words.strip(),
        changes={"kind": [found.kind, "closed"]},
    )
    return found


def open_breaks(session: Session) -> list[ReconciliationBreak]:
    """What nobody has closed yet, oldest first."""
    query = select(ReconciliationBreak).where(ReconciliationBreak.closed_at.is_(None))
    return list(session.scalars(query.order_by(ReconciliationBreak.id)))


def nightly(session: Session, now: datetime) -> list[NewOperation]:
    """One reconciliation per account and night (UTC)."""
    accounts = session.scalars(
        select(GatewayAccount.name).where(
            GatewayAccount.is_active, GatewayAccount.gateway_type.in_(PAYING_TYPES)
        )
    )
    return [reconciliation_of(name, slot=slot_of(now, A_DAY_MIN, f"reconcile:{name}")) for name in accounts]


def reconciliation_of(
    gateway_name: str, *, slot: str | None = None, by: int | None = None, days: int = DAYS
) -> NewOperation:
    """The work of comparing one gateway's list of the last `days` with our ledger."""
    return NewOperation(
        kind="refund.reconcile",
        queue=Queue.MONEY,
        dedupe_key=gateway_name,
        args={"gateway": gateway_name, "days": days},
        slot=slot,
        requested_by_id=by,
    )


def _is_margin(session: Session, each: Break, since: datetime) -> bool:
    """A refund of ours from before the window that they did not list because it is too old for it."""
    if each.their_amount is not None or not each.reference:
        return False
    settled = session.scalar(select(Refund.settled_at).where(Refund.id == uuid.UUID(each.reference)))
    return settled is not None and settled < since
