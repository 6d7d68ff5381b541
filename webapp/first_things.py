"""What a new installation begins with, so that staff can work on the first day; all of it can be changed later."""

from typing import Any, Final

from sqlalchemy.orm import Session

from webapp.cargo.carriers import ensure_carriers
from webapp.core import reference
from webapp.core.audit import AuditContext
from webapp.orders.enums import PlanKind, TenderKind
from webapp.orders.service.reasons import CANCELLATION_REASON
from webapp.payments.reference import PAYMENT_OPTION

REASONS: Final[tuple[tuple[str, str, PlanKind, bool], ...]] = (
    ("changed-mind", "Customer changed their mind", PlanKind.CANCEL, False),
    ("ordered-twice", "Ordered twice by mistake", PlanKind.CANCEL, False),
    ("out-of-stock", "Out of stock", PlanKind.CANCEL, False),
    ("wrong-address", "Address cannot be delivered to", PlanKind.CANCEL, False),
    ("payment-failed", "Payment did not arrive", PlanKind.CANCEL, False),
    ("suspected-fraud", "Suspected fraud", PlanKind.CANCEL, True),
    ("other-cancel", "Other reason", PlanKind.CANCEL, True),
    ("returned-unwanted", "Returned, not wanted", PlanKind.REFUND, False),
    ("returned-size", "Returned, wrong size", PlanKind.REFUND, False),
    ("damaged", "Arrived damaged", PlanKind.REFUND, True),
    ("wrong-item", "Wrong item was sent", PlanKind.REFUND, False),
    ("lost", "Lost on the way", PlanKind.REFUND, False),
    ("other-return", "Other reason", PlanKind.REFUND, True),
)
OPTIONS: Final[tuple[tuple[str, str, TenderKind], ...]] = (
    ("credit_card", "Credit card", TenderKind.CARD),
    ("bank_transfer", "Bank transfer", TenderKind.FUNDS_TRANSFER),
    ("pay_on_delivery", "Pay on delivery", TenderKind.PAY_ON_DELIVERY),
    ("loyalty", "Loyalty credit", TenderKind.LOYALTY),
    ("cash_register", "Paid in store", TenderKind.CASH_REGISTER),
)


def write_first_things(session: Session, context: AuditContext) -> None:
    """Carriers, reasons and payment options; for a database that has none of them yet."""
    ensure_carriers(session)
    for position, (slug, name, kind, needs_text) in enumerate(REASONS):
        values: dict[str, Any] = {
            "slug": slug,
            "name": name,
            "plan_kind": kind.value,
            "needs_text": needs_text,
        }
        values |= {"is_active": True, "sort_order": position}
        reference.create(session, context, CANCELLATION_REASON, values)
    for slug, name, tender in OPTIONS:
        given: dict[str, Any] = {
            "slug": slug,
            "name": name,
            "tender": tender.value,
            "gateway": "",
            "is_active": True,
        }
        reference.create(session, context, PAYMENT_OPTION, given)
