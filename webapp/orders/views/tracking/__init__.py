"""Tracking uploads: hand a spreadsheet in, look at what each row would do, apply it, undo it."""

from webapp.orders.views.tracking import deeds, pages
from webapp.orders.views.tracking.blueprint import blueprint

__all__ = ["blueprint", "deeds", "pages"]
