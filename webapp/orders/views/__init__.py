"""The pages of orders: the list and one order. Each view parses, calls, renders."""

from webapp.orders.views import actions, detail, list
from webapp.orders.views.blueprint import blueprint

__all__ = ["actions", "blueprint", "detail", "list"]
