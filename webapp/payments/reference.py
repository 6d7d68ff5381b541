"""Payment options and their instalments, as staff keep them."""

from sqlalchemy.orm import Session

from webapp.core import checks
from webapp.core.reference import Kind, Values, refuse
from webapp.core.text import N_
from webapp.payments.models import Installment, PaymentOption

# The kinds of transaction that payments/models.py knows; orders/enums.TenderKind words them.
TENDERS = ("card", "funds_transfer", "pay_on_delivery", "loyalty", "cash_register", "marketplace")
MOST_INSTALMENTS = 48  # Longer plans are loans, which no order carries.


def _check_option(_session: Session, values: Values) -> Values:
    return {
        "slug": checks.slug("slug", values["slug"]),
        "name": checks.words("name", values["name"], longest=120),
        "tender": checks.one_of("tender", values["tender"], TENDERS),
        "gateway": checks.words("gateway", values["gateway"], longest=40, required=False) or None,
        "is_active": bool(values["is_active"]),
    }


def _check_installment(session: Session, values: Values) -> Values:
    option = session.get(PaymentOption, values["payment_option_id"] or 0)
    if option is None:
        raise refuse("payment_option_id", N_("Choose one of the list."))
    count = values["installment_count"]
    if not isinstance(count, int) or not 1 <= count <= MOST_INSTALMENTS:
        raise refuse("installment_count", N_("Write a number from 1 to 48."))
    return {
        "payment_option_id": option.id,
        "installment_count": count,
        "label": checks.words("label", values["label"], longest=120, required=False),
    }


# Orders carry the slug as payment_option_slug: it stays.
PAYMENT_OPTION = Kind(
    word="payment_option",
    model=PaymentOption,
    fields=("slug", "name", "tender", "gateway", "is_active"),
    check=_check_option,
    fixed=frozenset({"slug"}),
    taken={"uq_payment_option_slug": ("slug", N_("Another payment option has this short name."))},
)
INSTALLMENT = Kind(
    word="installment",
    model=Installment,
    fields=("payment_option_id", "installment_count", "label"),
    check=_check_installment,
    taken={
        "uq_installment_option_count": (
            "installment_count",
            N_("This payment option already has that number of instalments."),
        )
    },
)
