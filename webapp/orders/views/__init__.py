"""The pages of orders: the list and one order. Each view parses, calls, renders."""

from webapp.orders.views import (
    actions,
    cancel_many,
    cancelling,
    detail,
    list,
    moving,
    notes,
    payment_history,
    plans,
    teamwork,
    told,
)
from webapp.orders.views.blueprint import blueprint

__all__ = [
    "actions",
    "blueprint",
    "cancel_many",
    "cancelling",
    "detail",
    "list",
    "moving",
    "notes",
    "payment_history",
    "plans",
    "teamwork",
    "told",
]
