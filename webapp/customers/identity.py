"""Who a customer is to a channel, when two addresses are the same, and what finds a customer in a search."""

import hashlib
from operator import attrgetter
from typing import Final, NamedTuple

from webapp.core.text import fold
from webapp.orders.inputs import AddressDraft, CustomerDraft

ADDRESS_FIELDS: Final = (
    "first_name",
    "last_name",
    "company",
    "line1",
    "line2",
    "district",
    "city",
    "state",
    "postcode",
    "country",
    "phone",
    "email",
    "tax_office",
    "tax_number",
)
PERSON_FIELDS: Final = ("first_name", "last_name", "email", "phone", "language_code")

# The columns customer.email_folded and customer.sort_key; folding can make a text longer (ß becomes ss).
_EMAIL_LENGTH: Final = 254
_SORT_KEY_LENGTH: Final = 250
# Between two fields: no text of a channel holds it, so no two addresses run into each other.
_SEPARATOR: Final = "\x1f"

address_values = attrgetter(*ADDRESS_FIELDS)
person_values = attrgetter(*PERSON_FIELDS)


class FoldedPerson(NamedTuple):
    """The columns of a customer that search and sorting compare."""

    email_folded: str
    search_folded: str
    sort_key: str


def guest_remote_id(email: str, order_ref: str) -> str:
    """What stands for the shop's customer number of a guest: the same for the same e-mail, however it is written.

    A guest without e-mail is the person of that one order: strangers never share a customer.
    """
    told_apart_by = fold(email) or f"order{_SEPARATOR}{order_ref}"
    return f"guest:{hashlib.sha256(told_apart_by.encode()).hexdigest()[:40]}"


def address_hash(address: AddressDraft) -> str:
    """SHA-256 over all fields: the same address written twice for a customer is one row."""
    return hashlib.sha256(_SEPARATOR.join(address_values(address)).encode()).hexdigest()


def is_empty(address: AddressDraft) -> bool:
    """Whether the channel said nothing at all about where; a country alone is nothing yet."""
    return not any(
        value
        for name, value in zip(ADDRESS_FIELDS, address_values(address), strict=True)
        if name != "country"
    )


def folded_person(person: CustomerDraft) -> FoldedPerson:
    """Folded e-mail, the text that search compares, and last name first for sorting."""
    first, last, email = fold(person.first_name), fold(person.last_name), fold(person.email)
    # People write a telephone number in many ways; its digits are the same in all of them.
    phone = "".join(filter(str.isdigit, fold(person.phone)))
    everything = " ".join(filter(None, (first, last, email, phone)))
    sort_key = f"{last} {first}".strip()
    return FoldedPerson(email[:_EMAIL_LENGTH], everything, sort_key[:_SORT_KEY_LENGTH])


def order_search_text(number: str, customer_folded: str, receiver: str) -> str:
    """What finds an order: its number, its customer, and the receiver of the parcel if that is somebody else."""
    receiver_folded = fold(receiver)
    parts = [fold(number), customer_folded]
    if receiver_folded and receiver_folded not in customer_folded:
        parts.append(receiver_folded)
    return " ".join(filter(None, parts))
