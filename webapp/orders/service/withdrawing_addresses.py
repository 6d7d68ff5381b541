"""Taking back a new address that waits for the channel, as long as no attempt to tell it has begun.

Whoever takes it back competes with the worker that tells it: one conditional UPDATE of the outbox's row decides
(`IntegrationActionService.withdraw`), and the worker's first step, which counts the attempt, is the other side of it.
From that step on the channel may have heard of it, so only its answer ends the change.
"""

from typing import Final

from sqlalchemy import ColumnElement, Integer, func, select
from sqlalchemy.orm import Session

from webapp.core.audit import AuditContext, record
from webapp.core.errors import Conflict, NotFound
from webapp.core.overtaken import overtaken
from webapp.core.text import N_
from webapp.orders.addresses import Side, Way
from webapp.orders.enums import ActionKind
from webapp.orders.locks import lock_order
from webapp.orders.models import AddressChange, IntegrationAction
from webapp.orders.service.integration_action_service import IntegrationActionService
from webapp.orders.service.standing import touch
from webapp.orders.service.wording import said_by

GONE: Final = N_("There is no such change of an address.")
REDIRECTED: Final = N_("The carrier was asked to redirect the parcel, and that cannot be taken back here.")
TOO_LATE: Final = N_(
    "It is too late: the channel was told and may have it already. Its answer ends the change; change the address again after it."
)
_ENDED: Final = {
    "applied": N_(
        "It is too late: the channel has agreed, and the order has the new address. Change it again instead."
    ),
    "refused": N_("The channel has refused this address, so there is nothing to take back."),
}


def withdraw_change(session: Session, order_id: int, change_id: int, context: AuditContext) -> AddressChange:
    """Take back a change that the channel has not heard of; the order keeps its address.

    Raises NotFound, MustReadFirst, and Conflict with what to do instead where it is too late.
    """
    order = lock_order(session, order_id, acting=context)
    change = session.scalars(
        select(AddressChange)
        .where(AddressChange.id == change_id, AddressChange.order_id == order_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if change is None:
        raise NotFound(GONE)
    if change.state == "withdrawn":
        template = N_("%(who)s has taken this change back already.")
        raise overtaken(session, ("address_change", change_id), template, code="already_withdrawn")
    if change.state != "waiting":
        raise Conflict(_ENDED[change.state], code="address_change_ended", details={"state": change.state})
    if change.way != Way.PROPOSE:
        raise Conflict(REDIRECTED, code="too_late")
    if not _taken_back(session, order_id, change_id):
        raise Conflict(TOO_LATE, code="too_late")
    change.state, change.ended_at = "withdrawn", func.now()
    touch(order)
    record(
        session,
        context,
        "order.address.withdrawn",
        subject=("address_change", change_id),
        order_id=order_id,
        summary=said_by(
            context, f"took back the new {Side(change.side)} address before the channel heard of it"
        ),
        changes={"side": [None, change.side]},
    )
    session.flush()
    return change


def _taken_back(session: Session, order_id: int, change_id: int) -> bool:
    rows = list(session.scalars(select(IntegrationAction.id).where(*_of(order_id, change_id))))
    return bool(rows) and IntegrationActionService(session).withdraw(rows) == sorted(rows)


def _of(order_id: int, change_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        IntegrationAction.order_id == order_id,
        IntegrationAction.kind == ActionKind.ADDRESS.value,
        IntegrationAction.args["change_id"].astext.cast(Integer) == change_id,
    )
