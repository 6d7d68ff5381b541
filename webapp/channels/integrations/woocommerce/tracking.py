"""A parcel's number, told by whichever means a shop has: fulfilments, Shipment Tracking, else a note to the customer.

Which of the three is found out with the first number of a run: a route that is not there answers `rest_no_route`.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from webapp.channels.integrations.woocommerce.answers import unlike
from webapp.channels.integrations.woocommerce.client import WooCommerceClient
from webapp.channels.profile import ChannelProfile
from webapp.channels.pushes import Pushed, TrackingPush
from webapp.core.clock import utc_now
from webapp.core.http import Answer

TRACKING_META: Final = "_kontor_tracking"
_WAS_THERE: Final = "The number was there already."

Rows = Sequence[Mapping[str, Any]]


class WooTracking:
    """Numbers of one shop's orders."""

    def __init__(self, profile: ChannelProfile, client: WooCommerceClient) -> None:
        self._profile = profile
        self._client = client
        self._has_fulfillments: bool | None = None
        self._has_extension: bool | None = None

    def tell(self, push: TrackingPush) -> Pushed:
        """Raises IntegrationError."""
        if self._has_fulfillments is not False:
            told = self._by_fulfillment(push)
            if told is not None:
                return told
        if self._has_extension is not False:
            told = self._by_extension(push)
            if told is not None:
                return told
        return self._by_note(push)

    def _by_fulfillment(self, push: TrackingPush) -> Pushed | None:
        """A parcel of its own with its rows; None where the shop has no fulfilments.

        A further row that leaves in a parcel of the same number is a fulfilment of its own.
        """
        rows = _quantities(push)
        if self._has_fulfillments is None or push.may_be_there:
            listed = self._client.list_fulfillments(push.remote_id)
            self._has_fulfillments = listed is not None
            if listed is None:
                return None
            there = _find(listed, lambda row: _meta(row, "_tracking_number"), push.tracking_number)
            if there is not None:
                held = _rows_held(listed, push.tracking_number)
                rows = [] if held is None else [row for row in rows if str(row["item_id"]) not in held]
                if not rows:
                    return Pushed(str(there.get("id") or ""), _WAS_THERE)
        made = self._client.add_fulfillment(push.remote_id, self._fulfillment(push, rows)).json()
        return Pushed(str(made.get("id") or ""), "Told as a fulfilment.")

    def _by_extension(self, push: TrackingPush) -> Pushed | None:
        """A number of the Shipment Tracking extension; None where the shop has not got it."""
        if self._has_extension is None or push.may_be_there:
            listed = self._client.list_trackings(push.remote_id)
            self._has_extension = listed is not None
            if listed is None:
                return None
            there = _find(listed, lambda row: row.get("tracking_number"), push.tracking_number)
            if there is not None:
                return Pushed(str(there.get("tracking_id") or ""), _WAS_THERE)
        body = {
            "tracking_number": push.tracking_number,
            "custom_tracking_provider": push.carrier,
            "custom_tracking_link": push.url,
            "date_shipped": f"{utc_now():%Y-%m-%d}",
        }
        made = self._client.add_tracking(push.remote_id, body).json()
        return Pushed(str(made.get("tracking_id") or ""), "Told by Shipment Tracking.")

    def _by_note(self, push: TrackingPush) -> Pushed:
        """A meta entry for programs and a note that the shop mails to the customer."""
        number = push.tracking_number
        meta = [{"key": TRACKING_META, "value": number}]
        self._client.update_order(push.remote_id, {"meta_data": meta})
        if push.may_be_there:
            listed = self._client.list_notes(push.remote_id)
            there = next((row for row in listed.json() if _names(number, str(row.get("note") or ""))), None)
            if there is not None:
                return Pushed(str(there.get("id") or ""), _WAS_THERE)
        made = self._client.add_note(push.remote_id, self._note(push), to_customer=True).json()
        return Pushed(str(made.get("id") or ""), "Told as a note to the customer.")

    def _fulfillment(self, push: TrackingPush, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Keys as the shop's own page writes them (Source: WooCommerce's fulfilments)."""
        meta = {
            "_items": rows,
            "_tracking_number": push.tracking_number,
            "_tracking_url": push.url,
            "_shipment_provider": self._provider(push) or "other",
            "_provider_name": push.carrier,
        }
        entries = [{"key": key, "value": value} for key, value in meta.items() if value]
        return {"status": "fulfilled", "is_fulfilled": True, "notify_customer": True, "meta_data": entries}

    def _provider(self, push: TrackingPush) -> str:
        """The shop's word for the carrier, as staff mapped it."""
        words = (
            remote
            for (kind, remote), mapped in sorted(self._profile.mappings.items(), key=lambda each: each[0])
            if kind == "cargo_company" and mapped.local_value == push.carrier_slug
        )
        return next(words, push.carrier_slug)

    def _note(self, push: TrackingPush) -> str:
        """In the words of the setting `tracking_note`, for the customer."""
        words = str(self._profile.conf.get("tracking_note") or "") or DEFAULT_NOTE
        parts = {"{carrier}": push.carrier, "{number}": push.tracking_number, "{url}": push.url}
        for name, value in parts.items():
            words = words.replace(name, value)
        return " ".join(words.split())


DEFAULT_NOTE: Final = "Your parcel is on its way. {carrier} {number} {url}"


def _quantities(push: TrackingPush) -> list[dict[str, Any]]:
    """Units by line of the shop's; fees are no goods."""
    units: dict[int, Decimal] = {}
    for item in push.items:
        if item.remote_line_id.isdigit():
            line = int(item.remote_line_id)
            units[line] = units.get(line, Decimal(0)) + item.quantity
    return [
        {"item_id": line, "qty": int(quantity) if quantity == int(quantity) else float(quantity)}
        for line, quantity in units.items()
    ]


def _find(answer: Answer, number_of: Any, number: str) -> Mapping[str, Any] | None:
    return next((row for row in _rows(answer) if str(number_of(row) or "") == number), None)


def _rows(answer: Answer) -> Rows:
    """The list, which some versions of the shop wrap. Raises IntegrationError for anything else."""
    body = answer.json()
    rows = body if isinstance(body, list) else body.get("fulfillments")
    if not isinstance(rows, list):
        raise unlike(answer)
    return [row for row in rows if isinstance(row, dict)]


def _rows_held(answer: Answer, number: str) -> set[str] | None:
    """The shop's lines in fulfilments of this number; None where one does not say which it has."""
    held: set[str] = set()
    for row in _rows(answer):
        if str(_meta(row, "_tracking_number") or "") == number:
            items = _meta(row, "_items")
            if not isinstance(items, list):
                return None
            held |= {str(item.get("item_id")) for item in items if isinstance(item, dict)}
    return held


def _names(number: str, note: str) -> bool:
    """Whether the note has this number as a word of its own: TR-1 is not in “TR-11”."""
    return re.search(rf"(?<![\w-]){re.escape(number)}(?![\w-])", note) is not None


def _meta(row: Mapping[str, Any], key: str) -> Any:
    return next((each.get("value") for each in row.get("meta_data") or [] if each.get("key") == key), None)
