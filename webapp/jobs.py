"""Which handler runs which kind of operation, and what happens by the clock. Listed, never scanned."""

from webapp.cargo import jobs as cargo
from webapp.channels import jobs as channels
from webapp.core.hints import Handler
from webapp.core.periodic import SlotSource
from webapp.operations import upkeep
from webapp.orders import jobs as orders
from webapp.payments import jobs as payments
from webapp.webhooks import jobs as webhooks


def handlers() -> dict[str, Handler]:
    """Every kind of operation with its one handler; a kind listed twice is a mistake and raises ValueError."""
    areas: list[dict[str, Handler]] = [
        channels.HANDLERS,
        orders.HANDLERS,
        payments.HANDLERS,
        cargo.HANDLERS,
        webhooks.HANDLERS,
        upkeep.HANDLERS,
    ]
    merged: dict[str, Handler] = {}
    for area in areas:
        doubled = merged.keys() & area.keys()
        if doubled:
            raise ValueError(f"Two handlers for {sorted(doubled)}.")
        merged.update(area)
    return merged


def slot_sources() -> list[SlotSource]:
    """What the scheduler asks on every tick."""
    return [*channels.SLOT_SOURCES, *orders.SLOT_SOURCES, *webhooks.SLOT_SOURCES, *upkeep.SLOT_SOURCES]
