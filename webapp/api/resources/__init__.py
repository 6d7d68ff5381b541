"""Every resource of the API with its place below `/api/v1`; one file each."""

from typing import Final

from webapp.api.blueprint import Resource
from webapp.api.resources import (
    attention,
    channels,
    integration_actions,
    operations,
    order_addresses,
    order_asking,
    order_cancelling,
    order_items,
    order_moving,
    orders,
    plans,
    reasons,
    refunds,
    requests,
    teamwork,
    tracking,
    transactions,
    vendor_orders,
    webhooks,
)

RESOURCES: Final[tuple[tuple[str, Resource], ...]] = (
    ("/orders", orders.resource),
    ("/orders", order_addresses.resource),
    ("/orders", order_moving.resource),
    ("/orders", tracking.resource),
    ("/orders", order_cancelling.resource),
    ("/orders", order_asking.resource),
    ("/orders", teamwork.resource),
    ("/order_items", order_items.resource),
    ("/vendor_orders", vendor_orders.resource),
    ("/cancellation_plans", plans.resource),
    ("/cancellation_requests", requests.resource),
    ("/cancellation_reasons", reasons.resource),
    ("/refunds", refunds.resource),
    ("/transactions", transactions.resource),
    ("/tags", teamwork.tags),
    ("/attention", attention.resource),
    ("/integration_actions", integration_actions.resource),
    ("/channels", channels.resource),
    ("/operations", operations.resource),
    ("/webhooks", webhooks.resource),
)
