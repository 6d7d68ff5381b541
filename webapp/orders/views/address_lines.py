"""Addresses as a page shows them: as lines on a parcel, with the version beside them that waits to take their place."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from webapp.customers.models import Address
from webapp.orders.addresses import Side
from webapp.orders.models import AddressChange
from webapp.orders.queries.detail import OrderHead, WaitingAddress
from webapp.ui.formatting import country_name


class ShownAddress(NamedTuple):
    """One card. `same`: it stands for both; `waiting_lines` belong to `change`, which waits for an answer."""

    side: str
    same: bool
    address: Address
    address_lines: Sequence[str]
    change: AddressChange | None
    waiting_lines: Sequence[str]
    told_since: datetime | None = None  # when an attempt to tell the channel of `change` began


# The posts of these countries write the postcode before the town (Universal Postal Union, addressing systems).
_POSTCODE_FIRST = frozenset(
    [
        "AD",
        "AL",
        "AM",
        "AT",
        "AX",
        "AZ",
        "BA",
        "BE",
        "BG",
        "BY",
        "CH",
        "CY",
        "CZ",
        "DE",
        "DK",
        "DZ",
        "EE",
        "ES",
        "FI",
        "FO",
        "FR",
        "GE",
        "GL",
        "GR",
        "HR",
        "HU",
        "IL",
        "IS",
        "IT",
        "KG",
        "LI",
        "LT",
        "LU",
        "MA",
        "MC",
        "MD",
        "ME",
        "MK",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "RS",
        "SE",
        "SI",
        "SK",
        "SM",
        "TN",
        "TR",
        "UA",
        "UZ",
        "VA",
        "XK",
    ]
)


def address_lines(address: Address) -> list[str]:
    """Name and company first, then from the street to the country; lines that would be empty are left out.

    The country is named in the reader's language; a code that no country has is shown as it came.
    """
    state = "" if _is_code(address.state, address.country) else address.state
    town = ", ".join(filter(None, (address.district, address.city, state)))
    parts = (address.postcode, town) if address.country in _POSTCODE_FIRST else (town, address.postcode)
    place = " ".join(filter(None, parts))
    country = country_name(address.country)
    lines = (address.full_name, address.company, address.line1, address.line2, place, country)
    return [line for line in lines if line]


def _is_code(state: str, country: str) -> bool:
    """Whether shops number the state, such as TR27: no post and no person reads that."""
    return state.removeprefix(country).isdigit()


def shown_address(
    side: Side, address: Address, changes: Iterable[WaitingAddress], *, same: bool
) -> ShownAddress:
    """The card of one address."""
    waits = next((each for each in changes if each.change.side == side), None)
    if waits is None:
        return ShownAddress(side.value, same, address, address_lines(address), None, ())
    return ShownAddress(
        side.value,
        same,
        address,
        address_lines(address),
        waits.change,
        address_lines(waits.address),
        waits.told_since,
    )


def shown_addresses(head: OrderHead, changes: Sequence[WaitingAddress]) -> dict[str, Any]:
    """The cards of an order; one where both addresses are the same and nothing waits for billing alone."""
    same = head.shipping.id == head.billing.id
    both = {Side.SHIPPING: head.shipping, Side.BILLING: head.billing}
    cards = [shown_address(side, row, changes, same=same) for side, row in both.items()]
    return {"addresses": cards[:1] if same and cards[1].change is None else cards}
