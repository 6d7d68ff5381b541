"""The pages of orders: the list and one order. Each view parses, calls, renders."""

from webapp.orders.views import (
    actions,
    addresses,
    cancel_many,
    cancelling,
    detail,
    labels,
    list,
    move_many,
    moving,
    notes,
    packing,
    payment_history,
    plans,
    saved_views,
    teamwork,
    told,
    vendors,
)
from webapp.orders.views.blueprint import blueprint

__all__ = [
    "actions",
    "addresses",
    "blueprint",
    "cancel_many",
    "cancelling",
    "detail",
    "labels",
    "list",
    "move_many",
    "moving",
    "notes",
    "packing",
    "payment_history",
    "plans",
    "saved_views",
    "teamwork",
    "told",
    "vendors",
]
