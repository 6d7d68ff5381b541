"""Changing an order's addresses by hand. What a change means is decided in orders/addresses.py, under the order's lock.

An address row is a version that never changes: the order is pointed at another one, and the log keeps the difference
field by field where it can be erased.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.auth.models import StaffUser
from webapp.auth.roles import Permission, Role, allowed
from webapp.cargo.accounts import connected
from webapp.cargo.cargo_service import CargoService
from webapp.channels.models import Channel
from webapp.core.audit import AuditContext, record
from webapp.core.errors import Conflict, PermissionDenied
from webapp.core.sentences import said
from webapp.core.text import N_
from webapp.customers.identity import ADDRESS_FIELDS, address_hash, address_values
from webapp.customers.models import Address
from webapp.orders.addresses import AddressFacts, Refusal, Side, Strategy, Way, strategy
from webapp.orders.enums import ActionKind, AddressOwnership, AttentionKind, OrderStatus
from webapp.orders.inputs import AddressDraft
from webapp.orders.locks import lock_order
from webapp.orders.models import AddressChange, Order
from webapp.orders.service.address_versions import AddressRefused, checked_address, current, version_of
from webapp.orders.service.attention import Alarm, raise_attention
from webapp.orders.service.editing import check_version
from webapp.orders.service.integration_action_service import IntegrationActionService
from webapp.orders.service.parcels import items_of, labelled, travelling
from webapp.orders.service.search import refresh_search
from webapp.orders.service.standing import touch
from webapp.orders.service.wording import said_by

NO_REDIRECT: Final = N_("You may not have a parcel redirected. Ask a supervisor.")


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of a change: `way` None when the order had this address already."""

    way: Way | None
    change_id: int | None = None


def change_address(
    session: Session,
    order_id: int,
    side: Side,
    address: AddressDraft,
    context: AuditContext,
    *,
    version: int | None = None,
) -> Changed:
    """Change the address, or ask whoever decides about it. An empty country means the one that the order has.

    Raises InvalidInput for the fields, AddressRefused, PermissionDenied for a redirect without its permission, and
    Conflict when the order is no longer that version or an earlier change still waits for its answer.
    """
    before = session.get_one(Order, order_id)
    customer_id = before.customer_id
    draft = checked_address(session, before, side, address)
    # Before the order is locked, as every writer does: addresses come first (orders/locks.py).
    new_id = version_of(session, customer_id, current(session, before, side).id, draft)
    order = lock_order(session, order_id, acting=context)
    check_version(session, order, version)
    if order.customer_id != customer_id:
        raise Conflict(N_("The order turned out to be another customer's just now. Look at it again."))
    _refuse_while_waiting(session, order, side)
    old = current(session, order, side)
    if old.id == new_id or old.content_hash == address_hash(draft):
        return Changed(None)
    decided = strategy(side, facts_of(session, order))
    if isinstance(decided, Refusal):
        raise AddressRefused(decided.words, details={"reason": decided.code})
    new = session.get_one(Address, new_id)
    if decided.way is Way.WRITE:
        write_address(session, order, side, new, context)
        tell(session, order, side, new, decided, context)
        return Changed(Way.WRITE)
    return _ask(session, order, side, old, new, decided, context)


def facts_of(session: Session, order: Order) -> AddressFacts:
    """What a decision about the order's addresses rests on; for a page also without the lock."""
    items = items_of(session, order)
    ways = travelling(session, order)
    channel = session.get_one(Channel, order.channel_id)
    return AddressFacts(
        statuses=tuple(OrderStatus(item.status) for item in items),
        ownership=AddressOwnership(channel.address_ownership),
        at_channel=order.remote_id is not None,
        label_issued=bool(labelled(session, order)),
        can_redirect=bool(ways) and all(parcel.can_ask for parcel in ways),
        invoiced=bool(order.invoice_number) or any(item.invoice_number for item in items),
    )


def write_address(
    session: Session, order: Order, side: Side, new: Address, context: AuditContext, *, words: str = ""
) -> None:
    """Point the locked order at this version; the timeline tells the difference. `words` say who agreed."""
    old = current(session, order, side)
    if side is Side.SHIPPING:
        order.shipping_address_id = new.id
    else:
        order.billing_address_id = new.id
    touch(order)
    _record(
        session, order, side, "order.address.changed", f"changed the {side} address", old, new, context, words
    )
    session.flush()
    if side is Side.SHIPPING:
        refresh_search(session, [order.id])


def tell(
    session: Session, order: Order, side: Side, new: Address, decided: Strategy, context: AuditContext
) -> None:
    """Leave word of a written address: for the channel, and for carriers whose labels carry the old one."""
    if decided.tells_channel:
        args = {"side": side.value, "address_id": new.id}
        IntegrationActionService(session).create(order, ActionKind.ADDRESS, args, context)
    if decided.updates_carrier:
        tell_carriers(session, order, new, context)


def tell_carriers(session: Session, order: Order, new: Address, context: AuditContext) -> None:
    """Have labels that have not left carry the new address; where no carrier can be told somebody must look."""
    packages = labelled(session, order)
    companies = {package.cargo_company_id for package in packages if package.cargo_company_id is not None}
    reachable = connected(session, companies)
    for package in packages:
        if package.cargo_company_id in reachable:
            cargo = CargoService(session)
            cargo.update_address(order.id, package.cargo_company_id, package.id, new.id, context)
    if not packages or any(package.cargo_company_id not in reachable for package in packages):
        words = (
            "The shipping address was changed after packing had begun, and no carrier could be told. "
            "If a label was printed, it must be issued again."
        )
        alarm(session, order, AttentionKind.LABEL_OUTDATED, words, version=order.version)


def follow_channel(session: Session, order_ids: Iterable[int], context: AuditContext) -> None:
    """Labels of orders that a pull has just given another shipping address carry it too; their rows are locked."""
    for order_id in sorted(order_ids):
        order = session.get_one(Order, order_id, populate_existing=True)
        if labelled(session, order):
            tell_carriers(session, order, current(session, order, Side.SHIPPING), context)


def alarm(session: Session, order: Order, kind: AttentionKind, words: str, **facts: Any) -> None:
    """Have somebody look at the order; `words` and `facts` hold no personal data."""
    raise_attention(session, [Alarm(order.id, order.channel_id, kind, words, facts)])


def waiting_change(session: Session, order_id: int, side: Side) -> AddressChange | None:
    """The change of this address that still waits for an answer."""
    query = select(AddressChange).where(
        AddressChange.order_id == order_id, AddressChange.side == side, AddressChange.state == "waiting"
    )
    return session.scalars(query).one_or_none()


def _ask(
    session: Session,
    order: Order,
    side: Side,
    old: Address,
    new: Address,
    decided: Strategy,
    context: AuditContext,
) -> Changed:
    """Keep the change until the channel, or the carrier of every parcel on its way, has answered."""
    if decided.way is Way.REDIRECT:
        _require_redirect(session, context)
    change = AddressChange(
        order_id=order.id,
        side=side.value,
        way=decided.way.value,
        from_address_id=old.id,
        to_address_id=new.id,
        requested_by_id=context.staff_id,
        requested_by=context.actor,
    )
    session.add(change)
    touch(order)
    session.flush()
    if decided.way is Way.PROPOSE:
        args = {"side": side.value, "address_id": new.id, "change_id": change.id}
        IntegrationActionService(session).create(order, ActionKind.ADDRESS, args, context)
        words = f"asked the channel to take another {side} address"
    else:
        _ask_carriers(session, order, change, context)
        words = "asked the carrier to redirect the parcel"
    _record(session, order, side, "order.address.requested", words, old, new, context)
    session.flush()
    return Changed(decided.way, change.id)


def _ask_carriers(session: Session, order: Order, change: AddressChange, context: AuditContext) -> None:
    for parcel in travelling(session, order):
        if parcel.cargo_company_id is not None:
            CargoService(session).redirect(
                order.id,
                parcel.cargo_company_id,
                parcel.tracking_number,
                change.id,
                change.to_address_id,
                context,
            )


def _record(
    session: Session,
    order: Order,
    side: Side,
    tag: str,
    what: str,
    old: Address,
    new: Address,
    context: AuditContext,
    words: str = "",
) -> None:
    pairs = zip(ADDRESS_FIELDS, address_values(old), address_values(new), strict=True)
    record(
        session,
        context,
        tag,
        subject=("order", order.id),
        order_id=order.id,
        summary=said_by(context, what),
        words=words,
        changes={"side": [None, side.value]},
        personal={name: [was, now] for name, was, now in pairs if was != now},
        customer_id=order.customer_id,
    )


def _require_redirect(session: Session, context: AuditContext) -> None:
    """The product itself (a command) may; a person needs the permission."""
    if context.staff_id is None:
        return
    staff = session.get(StaffUser, context.staff_id)
    if staff is None or Permission.ORDERS_REDIRECT_PARCEL not in allowed(Role(staff.role), context.granted):
        raise PermissionDenied(NO_REDIRECT)


def _refuse_while_waiting(session: Session, order: Order, side: Side) -> None:
    change = waiting_change(session, order.id, side)
    if change is not None:
        whom = said(N_("the carrier") if change.way == Way.REDIRECT else N_("the channel"))
        raise Conflict(
            said(
                N_(
                    "A change of this address by %(requested_by)s on %(created_at)s UTC still waits for %(whom)s. Wait for the answer, then change it again."
                ),
                requested_by=change.requested_by,
                created_at=f"{change.created_at:%d %b %Y at %H:%M}",
                whom=whom,
            ),
            code="address_change_waiting",
            details={"requested_by": change.requested_by, "way": change.way},
        )
