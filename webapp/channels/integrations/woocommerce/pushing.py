"""Telling a WooCommerce shop what happened here. Source: WooCommerce REST API v3.

The shop knows no keys. A status, an address or a meta entry that is set twice is there once; a note or a tracking
number would be there twice, so it is looked for before it is sent again.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from webapp.channels.connection import ChannelConnection
from webapp.channels.integrations.woocommerce.client import WooCommerceClient
from webapp.channels.integrations.woocommerce.fields import Source
from webapp.channels.integrations.woocommerce.persons import read_billing, read_shipping
from webapp.channels.integrations.woocommerce.statuses import ENDED, is_further, write_status
from webapp.channels.integrations.woocommerce.tracking import WooTracking
from webapp.channels.profile import ChannelProfile
from webapp.channels.pushes import (
    Acknowledgement,
    AddressPush,
    CancelPush,
    CannotTell,
    Pushed,
    PushedItem,
    StatusPush,
    StockPush,
    TrackingPush,
)
from webapp.core.errors import IntegrationError
from webapp.orders.inputs import AddressDraft

Payload = Mapping[str, Any]
ACKNOWLEDGED: Final = "_kontor_order"
_WAS_SO: Final = "It was so there already."


class WooPushes:
    """What one shop can be told."""

    def __init__(self, profile: ChannelProfile, client: WooCommerceClient) -> None:
        self._profile = profile
        self._client = client
        self._tracking = WooTracking(profile, client)

    @classmethod
    def over(cls, profile: ChannelProfile, connection: ChannelConnection) -> "WooPushes":
        """As the registry makes it."""
        return cls(profile, WooCommerceClient(profile, connection))

    def acknowledge(self, push: Acknowledgement) -> Pushed:
        """A meta entry with our number: the shop has no word for “received”."""
        if _meta(self._order(push.remote_id), ACKNOWLEDGED) == push.number:
            return Pushed(words=_WAS_SO)
        meta = [{"key": ACKNOWLEDGED, "value": push.number}]
        self._client.update_order(push.remote_id, {"meta_data": meta})
        return Pushed()

    def status(self, push: StatusPush) -> Pushed:
        """The shop's word for it, unless the shop is further or has ended the order."""
        word = write_status(self._profile, push.status)
        if word is None:
            raise CannotTell(
                f"WooCommerce has no status for “{push.status.label}”. Say in the channel's words which of its "
                "statuses means it, or move the order there by hand."
            )
        theirs = str(self._order(push.remote_id).get("status"))
        if theirs == word:
            return Pushed(words=_WAS_SO)
        if theirs in ENDED:
            raise IntegrationError(
                f"The order is “{theirs}” there and was not moved to “{word}”.", permanent=True, code="ended"
            )
        if is_further(theirs, word):
            return Pushed(words=f"The order is “{theirs}” there already.")
        self._client.update_order(push.remote_id, {"status": word})
        return Pushed(words=f"“{theirs}” became “{word}”.")

    def tracking(self, push: TrackingPush) -> Pushed:
        """By the shop's own means, whichever it has (tracking.py)."""
        return self._tracking.tell(push)

    def cancel(self, push: CancelPush) -> Pushed:
        """A whole order becomes cancelled. A part cannot be: a note there says which, and staff are told."""
        if not push.is_whole:
            return self._cancel_part(push)
        theirs = str(self._order(push.remote_id).get("status"))
        if theirs in ENDED:
            return Pushed(words=f"The order is “{theirs}” there already.")
        self._client.update_order(push.remote_id, {"status": "cancelled"})
        return Pushed(words=f"“{theirs}” became “cancelled”.")

    def address(self, push: AddressPush) -> Pushed:
        """Replace the address; the shop's answer says how it has it now."""
        body = {push.side: address_body(push.address, is_billing=push.side == "billing")}
        order = self._order(push.remote_id)
        given = order.get(push.side) or {}
        if all(given.get(name) == value for name, value in body[push.side].items()):
            return Pushed(words=_WAS_SO, address=self._read(push.side, order))
        changed = self._client.update_order(push.remote_id, body).json()
        return Pushed(address=self._read(push.side, changed))

    def stock(self, push: StockPush) -> Pushed:
        """WooCommerce counts stock by itself when an order is cancelled there; single units are for a person."""
        raise CannotTell(
            f"WooCommerce is not told of single units. Put them back in stock there: {in_words(push.items)}."
        )

    def _cancel_part(self, push: CancelPush) -> Pushed:
        items = in_words(push.items)
        note = f"Cancelled in Kontor, do not send: {items}. ({push.key})"
        if not (push.may_be_there and self._has_note(push.remote_id, push.key)):
            self._client.add_note(push.remote_id, note, to_customer=False)
        raise CannotTell(
            f"WooCommerce cannot cancel a part of an order. A note on the order there says what is not to be sent: "
            f"{items}. Take it out of the parcel there."
        )

    def _has_note(self, remote_id: str, words: str) -> bool:
        return has_note(self._client.list_notes(remote_id).json(), f"({words})")

    def _order(self, remote_id: str) -> Payload:
        answer = self._client.get_order(remote_id)
        if answer.status == 404:
            raise IntegrationError(
                "The shop no longer has this order.", permanent=True, code="no_such_remote"
            )
        order: Payload = answer.json()
        return order

    def _read(self, side: str, order: Payload) -> AddressDraft:
        source = Source.of(order)
        return read_billing(source) if side == "billing" else read_shipping(source)


def address_body(address: AddressDraft, *, is_billing: bool) -> dict[str, str]:
    """The fields that a shop keeps; the district has none of its own there and goes with the second line."""
    body = {
        "first_name": address.first_name,
        "last_name": address.last_name,
        "company": address.company,
        "address_1": address.line1,
        "address_2": ", ".join(filter(None, (address.line2, address.district))),
        "city": address.city,
        "state": address.state,
        "postcode": address.postcode,
        "country": address.country,
        "phone": address.phone,
    }
    # The shop refuses an order whose e-mail is no e-mail; one that we do not have stays as it is there.
    return {**body, "email": address.email} if is_billing and address.email else body


def in_words(items: Sequence[PushedItem]) -> str:
    """“2 × Cup (CUP-1), 1 × Mug”."""
    return ", ".join(
        f"{item.quantity.normalize():f} × {item.name or item.sku}" + (f" ({item.sku})" if item.sku else "")
        for item in items
    )


def has_note(notes: Sequence[Payload], words: str) -> bool:
    """Whether one of the notes holds these words."""
    return any(words in str(note.get("note") or "") for note in notes)


def _meta(order: Payload, key: str) -> str | None:
    found = (entry.get("value") for entry in order.get("meta_data") or [] if entry.get("key") == key)
    return next((str(value) for value in found), None)
