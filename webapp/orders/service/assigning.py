"""Who looks after an order, and by which day it must be done."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import func
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.core.audit import AuditContext, record
from webapp.core.errors import Conflict, InvalidInput
from webapp.core.operations import Operation, OperationRun
from webapp.core.overtaken import overtaken
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.core.worklist import Subject, work_through
from webapp.orders.locks import lock_order
from webapp.orders.models import Order, OrderAssignment
from webapp.orders.service.many import ask_for_many, asker, require_known
from webapp.orders.service.notes import colleagues

ASSIGN_KIND: Final = "orders.assign_many"
ASSIGNED: Final = "order.assigned"


@dataclass(frozen=True, slots=True)
class Assignment:
    """To whom (None: to nobody) and until when; a day without a person means nothing."""

    staff_id: int | None
    due_on: date | None = None


def assign(
    session: Session, order_id: int, wanted: Assignment, context: AuditContext, *, version: int | None = None
) -> bool:
    """Give the order to somebody, with a day; whether anything changed.

    `version` is the one of the assignment that the asker has seen (0: nobody had it); None overwrites whatever is
    there. Raises NotFound, InvalidInput for somebody who may not know of the order, and Conflict when a colleague
    has given it to somebody meanwhile.
    """
    order = lock_order(session, order_id)
    now = session.get(OrderAssignment, order_id, populate_existing=True)
    before = Assignment(now.staff_id, now.due_on) if now else Assignment(None)
    if version is not None and version != (now.version if now else 0):
        raise _overtaken(session, order, before)
    after = wanted if wanted.staff_id is not None else Assignment(None)
    if before == after:
        return False
    new_name = _check_person(session, order, after.staff_id)
    old_name = _name(session, before.staff_id)
    _write(session, order_id, now, after, context)
    record(
        session,
        context,
        ASSIGNED,
        subject=("order", order_id),
        order_id=order_id,
        summary=new_name,
        changes={"assignee": [old_name, new_name], "due_on": [_day(before.due_on), _day(after.due_on)]},
    )
    session.flush()
    return True


def assign_many(
    session: Session,
    orders: Sequence[Subject],
    wanted: Assignment,
    context: AuditContext,
    *,
    submission: uuid.UUID,
) -> tuple[Operation, bool]:
    """Have each of these orders given to somebody; who had it before does not matter. Raises InvalidInput."""
    if wanted.staff_id is not None and wanted.staff_id not in {each.id for each in colleagues(session)}:
        raise _nobody(N_("This person works here no more; choose somebody else."))
    args = {"staff_id": wanted.staff_id, "due_on": _day(wanted.due_on)}
    return ask_for_many(session, ASSIGN_KIND, orders, context, submission, args)


def run_assigning(run: OperationRun) -> None:
    """The handler of many assignments."""
    staff_id, due = run.args["staff_id"], run.args["due_on"]
    wanted = Assignment(
        None if staff_id is None else int(str(staff_id)), date.fromisoformat(str(due)) if due else None
    )

    def give(session: Session, order: Subject) -> bool:
        require_known(session, order.subject_id, run.requested_by_id)
        return assign(session, order.subject_id, wanted, asker(session, run))

    work_through(run, give)


def _write(
    session: Session, order_id: int, now: OrderAssignment | None, after: Assignment, context: AuditContext
) -> None:
    """The row counts its versions also while nobody has the order, so that an old form is never taken for a new one."""
    if now is None:
        now = OrderAssignment(order_id=order_id, version=0)
        session.add(now)
    now.staff_id, now.due_on = after.staff_id, after.due_on
    now.assigned_by_id, now.assigned_at = context.staff_id, func.clock_timestamp()
    now.version += 1


def _check_person(session: Session, order: Order, staff_id: int | None) -> str:
    """The person's name; empty for nobody."""
    if staff_id is None:
        return ""
    for each in colleagues(session, order.channel_id):
        if each.id == staff_id:
            return each.name
    raise _nobody(
        said(N_("This person may not know of order %(number)s; choose somebody else."), number=order.number)
    )


def _nobody(words: str) -> InvalidInput:
    return InvalidInput(words, fields={"staff": [words]})


def _overtaken(session: Session, order: Order, before: Assignment) -> Conflict:
    whom = _name(session, before.staff_id)
    template = (
        N_("%(who)s has given order %(number)s to %(whom)s meanwhile. Look at it, then save again.")
        if whom
        else N_("%(who)s has taken order %(number)s from its person meanwhile. Look at it, then save again.")
    )
    return overtaken(
        session,
        ("order", order.id),
        template,
        parts={"number": order.number, "whom": whom},
        tag=ASSIGNED,
        code="stale_version",
    )


def _name(session: Session, staff_id: int | None) -> str:
    staff = session.get(StaffUser, staff_id) if staff_id is not None else None
    return staff.name if staff else ""


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
