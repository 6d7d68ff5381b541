"""The tabs that all pages about cancellations share."""

from typing import Any

from flask import url_for

from webapp.orders.queries.plan_queue import QueueCounts, QueueTab
from webapp.ui.i18n import gettext


def tabs(counts: QueueCounts, current: QueueTab | None = None) -> list[dict[str, Any]]:
    """Requests first, for they come before any plan; `current` None is the requests' own page."""
    wishes = {
        "label": gettext("Requests"),
        "url": url_for("cancellations.requests"),
        "count": counts.requests,
        "current": current is None,
    }
    return [
        wishes,
        *(
            {
                "label": gettext(tab.label),
                "url": url_for("cancellations.index", tab=None if tab is QueueTab.APPROVAL else tab.value),
                "count": counts.plans.get(tab),
                "current": tab is current,
            }
            for tab in QueueTab
        ),
    ]
