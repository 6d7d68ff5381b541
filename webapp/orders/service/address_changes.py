"""The answer to a change that waited: the channel or the carrier has taken it, or has refused it for good."""

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.core.audit import SYSTEM, AuditContext, record
from webapp.customers.identity import ADDRESS_FIELDS
from webapp.customers.models import Address
from webapp.orders.addresses import Refusal, Side, Strategy, Way, strategy
from webapp.orders.enums import AttentionKind
from webapp.orders.inputs import AddressDraft
from webapp.orders.locks import lock_order
from webapp.orders.models import AddressChange, Order
from webapp.orders.service.address_versions import current, version_of
from webapp.orders.service.addresses import alarm, facts_of, tell, tell_carriers, write_address
from webapp.orders.service.parcels import labelled
from webapp.orders.service.standing import touch

_BY: Final = {Way.PROPOSE: "The channel", Way.REDIRECT: "The carrier"}


def apply_change(session: Session, change_id: int, context: AuditContext = SYSTEM) -> bool:
    """Give the order the address that was agreed to; False when that has been done before, or it was taken back.

    Word that was given up may be sent again, so a change that was refused can still be agreed to. A pull may have
    brought the same address already: then only the change ends. Had the order another one by then, ours is what was
    agreed to, and somebody is asked to compare the two.
    """
    order, change = _locked(session, change_id)
    if change.state in ("applied", "withdrawn"):
        return False
    side, way = Side(change.side), Way(change.way)
    old, new = current(session, order, side), _own_version(session, order, change.to_address_id)
    if old.id not in (change.from_address_id, new.id):
        words = (
            f"The {side} address was changed by the channel while ours waited for an answer. Ours was kept."
        )
        alarm(session, order, AttentionKind.ADDRESS_CHANGED_TWICE, words, change=change.id)
    _end(change, "applied", "")
    if old.id != new.id:
        write_address(session, order, side, new, context, words=f"{_BY[way]} has agreed")
    else:
        touch(order)
    _tell_the_others(session, order, side, way, new, context)
    session.flush()
    return True


def give_back_change(session: Session, change_id: int, words: str, context: AuditContext = SYSTEM) -> bool:
    """The address stays as it was, in the other side's own `words`; False when the change has ended before."""
    order, change = _locked(session, change_id)
    if change.state != "waiting":
        return False
    side, way = Side(change.side), Way(change.way)
    _end(change, "refused", words[:1000])
    touch(order)
    said = f"{_BY[way]} refused the new {side} address; the old one stays"
    record(
        session,
        context,
        "order.address.refused",
        subject=("order", order.id),
        order_id=order.id,
        summary=said,
        words=words,
        changes={"side": [None, side.value]},
    )
    hint = f"{said}. Tell the customer, or try again."
    alarm(session, order, AttentionKind.ADDRESS_REFUSED, hint, change=change.id)
    session.flush()
    return True


def _tell_the_others(
    session: Session, order: Order, side: Side, way: Way, new: Address, context: AuditContext
) -> None:
    """The channel after a redirect; carriers whose labels have not left after either."""
    if way is Way.REDIRECT:
        tells_channel = order.remote_id is not None
        tell(session, order, side, new, Strategy(Way.WRITE, tells_channel=tells_channel), context)
        if labelled(session, order):
            tell_carriers(session, order, new, context)
        return
    decided = strategy(side, facts_of(session, order))
    if isinstance(decided, Refusal) or decided.way is Way.REDIRECT:
        if side is Side.SHIPPING:
            words = (
                "The channel took the new address when the parcel had left already: it may carry the old one."
            )
            alarm(session, order, AttentionKind.ADDRESS_CHANGED_LATE, words, version=order.version)
    elif decided.updates_carrier:
        tell_carriers(session, order, new, context)


def _locked(session: Session, change_id: int) -> tuple[Order, AddressChange]:
    order_id = session.scalars(select(AddressChange.order_id).where(AddressChange.id == change_id)).one()
    order = lock_order(session, order_id)
    query = select(AddressChange).where(AddressChange.id == change_id)
    return order, session.scalars(query.execution_options(populate_existing=True)).one()


def _own_version(session: Session, order: Order, address_id: int) -> Address:
    """That version, as the order's customer has it: a pull may have found out that the order is somebody else's."""
    address = session.get_one(Address, address_id)
    if address.customer_id == order.customer_id:
        return address
    draft = AddressDraft(**{name: getattr(address, name) for name in ADDRESS_FIELDS})
    return session.get_one(Address, version_of(session, order.customer_id, None, draft))


def _end(change: AddressChange, state: str, words: str) -> None:
    change.state, change.words, change.ended_at = state, words, func.now()
