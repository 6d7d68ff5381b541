"""The blueprint of all pages of channels."""

from flask import Blueprint

from webapp.channels.wording import VERDICTS
from webapp.orders.enums import AddressOwnership, FailureClass

blueprint = Blueprint("channels", __name__, url_prefix="/channels")


@blueprint.app_template_filter("failure_label")
def failure_label(name: str | None) -> str:
    """The English words of a failure class; a record without one is our own fault."""
    return FailureClass(name or FailureClass.BUG).label


@blueprint.app_template_filter("ownership_label")
def ownership_label(name: str) -> str:
    """The English words for who decides about a channel's addresses."""
    return AddressOwnership(name).label


@blueprint.app_template_filter("verdict_label")
def verdict_label(verdict: str) -> str:
    """The English words for what a dry run says of an order."""
    return VERDICTS.get(verdict, verdict)
