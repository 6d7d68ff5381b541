"""Taking a gateway's message: kept once, answered at once, and followed by a look at the refund it is about."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.core.errors import NotFound
from webapp.core.operations import NewOperation, OperationState, Queue, create
from webapp.payments.account_setup import values_of
from webapp.payments.models import GatewayAccount, GatewayEvent, Refund, Transaction
from webapp.payments.notices import READERS, Notice

RECHECK: Final = "refund.recheck"
_ENDED: Final = ("succeeded", "declined", "withdrawn")


def take_message(session: Session, account_name: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Note a message and have the refund looked at; False for one that was taken before.

    A message about a refund that we do not know is kept and leads to nothing. Raises NotFound for an account that
    gets no messages, PermissionDenied for a wrong signature.
    """
    account = session.scalars(
        select(GatewayAccount).where(GatewayAccount.name == account_name, GatewayAccount.is_active)
    ).one_or_none()
    reader = READERS.get(account.gateway_type) if account is not None else None
    if account is None or reader is None:
        raise NotFound("There is no such payment account.")
    now = session.execute(select(func.clock_timestamp())).scalar_one()
    notice = reader(headers, body, values_of(account), now.timestamp())
    refunds = _meant(session, account_name, notice)
    if not _kept(session, account_name, notice, refunds[0].id if refunds else None):
        return False
    for refund in refunds:
        _look_again(session, recheck_of(refund))
    return True


def recheck_of(refund: Refund) -> NewOperation:
    """The work of looking at one refund again."""
    return NewOperation(
        kind=RECHECK,
        queue=Queue.MONEY,
        dedupe_key=str(refund.id),
        args={"refund_id": str(refund.id), "gateway": refund.gateway},
        order_id=refund.order_id,
    )


def _kept(session: Session, account_name: str, notice: Notice, refund_id: uuid.UUID | None) -> bool:
    event = insert(GatewayEvent).values(
        gateway=account_name,
        event_id=notice.event_id,
        kind=notice.kind,
        gateway_ref=notice.gateway_ref[:128] or None,
        refund_id=refund_id,
    )
    made = session.execute(event.on_conflict_do_nothing().returning(GatewayEvent.id)).first()
    return made is not None


def _look_again(session: Session, wanted: NewOperation) -> None:
    """When a look is under way right now it may have read before this news: one more after it."""
    operation, is_new = create(session, wanted)
    if not is_new and operation.state == OperationState.LEASED:
        create(session, replace(wanted, dedupe_key=f"{wanted.dedupe_key}:again"))


def _meant(session: Session, account_name: str, notice: Notice) -> Sequence[Refund]:
    """Our refunds at that account which the message is about."""
    ours = select(Refund).where(Refund.gateway == account_name, Refund.plan_id.is_not(None))
    if notice.payment_refs:
        of_payment = ours.join(Transaction, Transaction.id == Refund.transaction_id).where(
            Transaction.gateway_ref.in_(notice.payment_refs), Refund.state.not_in(_ENDED)
        )
        return session.scalars(of_payment.order_by(Refund.id)).all()
    names = []
    if notice.gateway_ref:
        names.append(Refund.gateway_ref == notice.gateway_ref)
    if _is_id(notice.reference):
        names.append(Refund.id == uuid.UUID(notice.reference))
    return session.scalars(ours.where(or_(*names)).order_by(Refund.id)).all() if names else ()


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
