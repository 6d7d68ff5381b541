"""What answers look like, as JSON Schema. Exact: a field that is missing or not named here breaks the contract.

ALL maps each name to its shape; the specification takes them from there.
"""

from typing import Any

from webapp.api.shapes import around, channels, deeds, desk, money, operations, order, vendors, webhooks

Shape = dict[str, Any]

ALL: dict[str, Shape] = {
    **order.SHAPES,
    **money.SHAPES,
    **channels.SHAPES,
    **operations.SHAPES,
    **deeds.SHAPES,
    **desk.SHAPES,
    **around.SHAPES,
    **webhooks.SHAPES,
    **vendors.SHAPES,
}
