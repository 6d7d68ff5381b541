"""Cancellations of the whole desk: what waits for a decision, and what customers and channels wish."""

from webapp.orders.views.cancellations import queue, rejecting, requests
from webapp.orders.views.cancellations.blueprint import blueprint

__all__ = ["blueprint", "queue", "rejecting", "requests"]
