"""Reasons for cancelling and returning, as staff keep them."""

from sqlalchemy.orm import Session

from webapp.core import checks
from webapp.core.reference import Kind, Values, refuse
from webapp.core.text import N_
from webapp.orders.enums import PlanKind
from webapp.orders.models import CancellationReason


def _check(_session: Session, values: Values) -> Values:
    order = values["sort_order"]
    if not isinstance(order, int) or not 0 <= order <= 9999:
        raise refuse("sort_order", N_("Write a number from 0 to 9999."))
    return {
        "slug": checks.slug("slug", values["slug"]),
        "name": checks.words("name", values["name"], longest=200),
        "plan_kind": checks.one_of("plan_kind", values["plan_kind"], list(PlanKind)),
        "needs_text": bool(values["needs_text"]),
        "is_active": bool(values["is_active"]),
        "sort_order": order,
    }


# Plans keep the reason they were opened with: what it is for stays.
CANCELLATION_REASON = Kind(
    word="cancellation_reason",
    model=CancellationReason,
    fields=("slug", "name", "plan_kind", "needs_text", "is_active", "sort_order"),
    check=_check,
    fixed=frozenset({"slug", "plan_kind"}),
    taken={"uq_cancellation_reason_slug": ("slug", N_("Another reason has this short name."))},
)
