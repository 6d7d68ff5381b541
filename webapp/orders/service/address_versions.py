"""Address versions by hand: checked before they are kept, one row for one content, never changed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, cast

from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.core.errors import Conflict, InvalidInput
from webapp.core.text import N_
from webapp.customers.identity import ADDRESS_FIELDS, address_hash, address_values
from webapp.customers.models import Address, Customer
from webapp.orders.addresses import Side
from webapp.orders.inputs import AddressDraft
from webapp.orders.models import Order

TOO_LONG: Final = N_("This is too long.")
COUNTRY_STAYS: Final = N_("The country cannot change: tax and carrier hang on it. Place a new order instead.")


class AddressRefused(Conflict):
    """The address cannot be changed now; the message says why and what to do instead."""

    code = "address_refused"


def current(session: Session, order: Order, side: Side) -> Address:
    """The version that the order points at."""
    key = order.shipping_address_id if side is Side.SHIPPING else order.billing_address_id
    return session.get_one(Address, key)


def is_erased(order: Order, customer: Customer) -> bool:
    """Whether the customer was erased after this order; who orders again gives new data to deliver by."""
    return customer.erased_at is not None and order.date_placed <= customer.erased_at


def checked_address(session: Session, order: Order, side: Side, address: AddressDraft) -> AddressDraft:
    """The address without spare blanks, in the order's own country. Raises InvalidInput with every problem at its field."""
    old = current(session, order, side)
    customer = session.get_one(Customer, order.customer_id)
    if is_erased(order, customer):
        raise AddressRefused(
            "The customer's personal data was erased: no new address is kept for this order."
        )
    values = {name: " ".join(getattr(address, name).split()) for name in ADDRESS_FIELDS}
    problems = problems_of(values)
    if values["country"] and values["country"] != old.country:
        problems["country"] = [COUNTRY_STAYS]
    if problems:
        raise InvalidInput(N_("The address is not complete yet."), fields=problems)
    return replace(AddressDraft(**values), country=old.country)


def problems_of(values: Mapping[str, str]) -> dict[str, list[str]]:
    """What is wrong with these fields, by name: missing, or too long for its column."""
    columns = cast(Table, Address.__table__).c
    problems = {
        name: [TOO_LONG]
        for name, value in values.items()
        if len(value) > (columns[name].type.length or 0)  # type: ignore[attr-defined]  # all are strings
    }
    if not (values["first_name"] or values["last_name"] or values["company"]):
        problems.setdefault("last_name", [N_("Say who receives it: a name or a company.")])
    if not values["line1"]:
        problems.setdefault("line1", [N_("Enter the street and the house number.")])
    if not values["city"]:
        problems.setdefault("city", [N_("Enter the town.")])
    return problems


def version_of(session: Session, customer_id: int, replaces_id: int | None, draft: AddressDraft) -> int:
    """The row of exactly this content, made if the customer has none."""
    digest = address_hash(draft)
    values = dict(zip(ADDRESS_FIELDS, address_values(draft), strict=True))
    made = session.execute(
        insert(Address)
        .values(customer_id=customer_id, content_hash=digest, replaces_id=replaces_id, **values)
        .on_conflict_do_nothing(index_elements=["customer_id", "content_hash"])
        .returning(Address.id)
    ).scalar_one_or_none()
    if made is not None:
        return made
    query = select(Address.id).where(Address.customer_id == customer_id, Address.content_hash == digest)
    return session.execute(query).scalar_one()
