"""The blueprint of the pages of finance, and what they share."""

from typing import Any

from flask import Blueprint, Response, make_response, render_template, url_for

from webapp.auth.permissions import Permission, can, channel_scope
from webapp.core.errors import PermissionDenied
from webapp.core.text import N_
from webapp.ui.htmx import close_dialog, is_htmx, redirect, toast, trigger
from webapp.ui.i18n import gettext

blueprint = Blueprint("finance", __name__, url_prefix="/finance")


def tabs(current: str) -> list[dict[str, Any]]:
    """The pages of finance that the reader may open."""
    pages = (
        ("finance.by_hand", gettext("Refunds by hand"), Permission.REFUND_MANUAL),
        ("finance.transfers", gettext("Transfer batches"), Permission.REFUND_MANUAL),
        ("finance.reconciliation", gettext("Reconciliation"), Permission.REFUND_RECONCILE),
    )
    return [
        {"label": label, "url": url_for(endpoint), "count": None, "current": endpoint == current}
        for endpoint, label, permission in pages
        if can(permission)
    ]


def all_channels() -> None:
    """Batches and the banks' lists are of all channels. Raises PermissionDenied for people limited to some."""
    if channel_scope() is not None:
        raise PermissionDenied(N_("This is about the money of all channels, and you see only some of them."))


def dialog(fragment: str, *, status: int = 200, **context: Any) -> Response:
    """A form in the dialog for htmx, on a page of its own without."""
    page = fragment if is_htmx() else "finance/part.html"
    return make_response(render_template(page, fragment=fragment, in_dialog=is_htmx(), **context), status)


def done(url: str, told: str) -> Response:
    """Close the dialog, tell the lists, and say what happened."""
    if not is_htmx():
        return toast(redirect(url), told)
    response = trigger(make_response("", 204), "finance:changed", "order:changed")
    return close_dialog(toast(response, told))
