"""Moving many orders as one operation: each as a whole or not at all, one verdict each, nothing moved twice."""

import uuid
from typing import Final

from sqlalchemy import BigInteger, Select, literal, select
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext, AuditEntry, Origin, record
from webapp.core.errors import InvalidInput
from webapp.core.operations import NewOperation, Operation, OperationRun, Queue, create
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.core.worklist import Subject, put_selected, work_through
from webapp.orders.enums import ENDED_STATUSES, LIVE_STATUSES, OrderStatus
from webapp.orders.inputs import MoveItems
from webapp.orders.models import OrderItem
from webapp.orders.service.many import require_known
from webapp.orders.service.moving import move_items, require_moving

MOVE_KIND: Final = "order.move_many"
_ASKED: Final = f"{MOVE_KIND}.asked"
# Some fifty are moved in a second; nobody waits longer than a few minutes for a list.
MOST_AT_ONCE: Final = 10_000


def move_many(
    session: Session,
    orders: Select[int],
    move: MoveItems,
    context: AuditContext,
    *,
    submission: uuid.UUID,
) -> tuple[Operation, bool]:
    """Have all orders that the select finds now moved as a whole. The same submission is the same work.

    The list is written by the database from the select: what is asked for is a filter, not a page of ids. Raises
    PermissionDenied, and InvalidInput for a status that is nobody's to choose, and for none or too many orders.
    """
    require_moving(session, context)
    if move.target not in LIVE_STATUSES - {OrderStatus.WAITING}:
        raise InvalidInput(N_("Orders end by cancellations and returns, not by a move."))
    operation, is_new = create(
        session,
        NewOperation(
            kind=MOVE_KIND,
            queue=Queue.UPKEEP,
            dedupe_key=f"form:{submission}",
            # Unique in every state: the second click of a form finds the work of the first, also when it is done.
            slot=f"form:{submission}",
            args={"status": int(move.target)},
            requested_by_id=context.staff_id,
            request_id=context.request_id,
        ),
    )
    if is_new:
        _write_list(session, operation, orders)
        # Words of a person stay out of the operation's args.
        record(session, context, _ASKED, subject=("operation", operation.id), words=move.reason.strip())
    return operation, is_new


def run_moves(run: OperationRun) -> None:
    """The handler of many moves."""
    target = OrderStatus(int(run.args["status"]))

    def move(session: Session, order: Subject) -> bool:
        require_known(session, order.subject_id, run.requested_by_id)
        if _is_there(session, order.subject_id, target):
            return False
        asked = _asked(session, run)
        context = AuditContext(Origin.JOB, run.requested_by_id, asked.actor, asked.request_id)
        move_items(session, order.subject_id, MoveItems(target, reason=asked.told), context)
        return True

    work_through(run, move)


def _write_list(session: Session, operation: Operation, orders: Select[int]) -> None:
    chosen = orders.limit(MOST_AT_ONCE + 1).subquery("chosen")
    key = chosen.c[0]
    found = put_selected(session, operation, select(key, key.label("order_id"), literal(None, BigInteger)))
    if not found:
        raise InvalidInput(N_("Tick at least one line."))
    if found > MOST_AT_ONCE:
        raise InvalidInput(
            said(
                N_("%(most)s at once at most. Narrow the list and do it in several goes."),
                most=f"{MOST_AT_ONCE:,}",
            )
        )


def _asked(session: Session, run: OperationRun) -> AuditEntry:
    """Who asked for it, and why."""
    query = select(AuditEntry).where(
        AuditEntry.subject_type == "operation",
        AuditEntry.subject_id == str(run.id),
        AuditEntry.tag == _ASKED,
    )
    return session.scalars(query).one()


def _is_there(session: Session, order_id: int, target: OrderStatus) -> bool:
    """Whether everything open stands there already: then nothing is to be done, which is no refusal."""
    held_or_ended = [int(OrderStatus.CANCELLATION_WAITING), *(int(status) for status in ENDED_STATUSES)]
    query = select(OrderItem.status).where(
        OrderItem.order_id == order_id, OrderItem.status.not_in(held_or_ended)
    )
    return set(session.scalars(query)) == {int(target)}
