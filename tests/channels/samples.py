"""Orders as a WooCommerce shop shows them, with invented people; and how to get at them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from webapp.channels.integrations.woocommerce.fields import moment
from webapp.channels.integrations.woocommerce.serializers import WooOrderSerializer
from webapp.channels.profile import ChannelProfile, Mapped
from webapp.channels.reading import Skip
from webapp.channels.receiving import RawOrder
from webapp.core import exact_json
from webapp.orders.inputs import OrderDraft

FOLDER = Path(__file__).parent / "payloads"


def sample(name: str) -> Any:
    """The payload of that file, with exact numbers."""
    return exact_json.parse((FOLDER / f"{name}.json").read_text())


def orders_of(payload: Any) -> Iterator[dict[str, Any]]:
    """Every order inside a payload: alone, in a list, or in the answer of a batch."""
    if isinstance(payload, dict) and "billing" in payload:
        yield payload
    elif isinstance(payload, dict):
        for inner in payload.values():
            yield from orders_of(inner)
    elif isinstance(payload, list):
        for inner in payload:
            yield from orders_of(inner)


def raw(payload: dict[str, Any]) -> RawOrder:
    """An order as it comes out of an answer."""
    number = str(payload.get("number") or "") or None
    modified_at = moment(payload, "date_modified")
    return RawOrder(str(payload["id"]), number, modified_at, exact_json.dumps(payload), payload)


def profile(
    conf: dict[str, Any] | None = None, mappings: dict[tuple[str, str], Mapped] | None = None
) -> ChannelProfile:
    """A channel's profile without a database."""
    return ChannelProfile(
        1, "Shop", "woocommerce", "https://shop.example", conf=conf or {}, mappings=mappings or {}
    )


def read(payload: Any, *, known: bool = False, **terms: Any) -> OrderDraft:
    """The draft of a payload; fails where it is skipped."""
    draft = WooOrderSerializer(profile(**terms)).read(payload, known)
    assert not isinstance(draft, Skip), draft
    return draft


def changed(name: str, **values: Any) -> dict[str, Any]:
    """A sample with some of its fields replaced; None takes a field away."""
    payload = {**sample(name), **values}
    return {key: value for key, value in payload.items() if value is not ...}
