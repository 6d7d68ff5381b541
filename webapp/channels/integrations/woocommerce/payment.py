"""How a WooCommerce order was paid, who has the money, and what went back at the shop."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from webapp.channels.integrations.woocommerce.fields import Payload, Source, amount, moment, rows, text
from webapp.channels.profile import ChannelProfile, Mapped
from webapp.channels.reading import ReadFailure
from webapp.core.money import zero
from webapp.orders.enums import FailureClass, MoneyHolder, TenderKind
from webapp.orders.inputs import ExternalRefundDraft, TransactionDraft

# The core's own methods that no gateway stands behind. Whatever else: the shop's gateway took it, so the shop
# holds the money until staff map the method to a gateway of ours.
CORE_METHODS = {
    "cod": TenderKind.PAY_ON_DELIVERY,
    "bacs": TenderKind.FUNDS_TRANSFER,
    "cheque": TenderKind.FUNDS_TRANSFER,
}
INSTALMENT_COUNT_KEYS = (
    "iyzico_no_of_installment", "_iyzico_no_of_installment", "installment_count", "_installment_count",
)  # fmt: skip
BIN_KEYS = ("iyzico_bin_number", "_iyzico_bin_number", "bin_number", "_bin_number")
# Stripe's plug-in says "no" while the money is only reserved on the card.
UNCAPTURED = ("_stripe_charge_captured", "_charge_captured", "_wcpay_charge_captured")
PAID_STATUSES = frozenset({"completed", "refunded"})
MOST_INSTALMENTS = 60


def read_payments(profile: ChannelProfile, source: Source, currency: str) -> tuple[TransactionDraft, ...]:
    """The tenders: the payment of the total, and each gift card that was taken off before it."""
    cards = _gift_cards(source.payload, currency)
    total = amount(currency, "total", source.payload.get("total"))
    return (_payment(profile, source, currency, total), *cards) if total > 0 else tuple(cards)


def gift_card_total(payload: Payload, currency: str) -> Decimal:
    """What gift cards paid: the shop's total is what was left to pay after them."""
    return sum((card.amount for card in _gift_cards(payload, currency)), zero(currency))


def read_refunds(payload: Payload, currency: str) -> tuple[ExternalRefundDraft, ...]:
    """What was paid back at the shop; refunds of nothing only note that something came back."""
    found = []
    for refund in rows(payload, "refunds"):
        value = abs(amount(currency, "refund total", refund.get("total")))
        if value:
            found.append(
                ExternalRefundDraft(str(refund.get("id"))[:64], value, text(refund.get("reason"), 1000))
            )
    return tuple(found)


def payment_mapping(profile: ChannelProfile, payload: Payload) -> Mapped | None:
    """What staff mapped the payment method to."""
    return profile.mapped("payment_method", str(payload.get("payment_method") or ""))


def payment_slug(profile: ChannelProfile, payload: Payload) -> str | None:
    """The payment option: the mapped one, else the shop's own name of the method."""
    mapping = payment_mapping(profile, payload)
    return (mapping.local_value if mapping else text(payload.get("payment_method"), 64)) or None


def instalment_count(source: Source) -> int:
    """Monthly parts the customer pays in; 1 where nothing is said."""
    found = source.first(INSTALMENT_COUNT_KEYS, 4)
    return int(found) if found.isdigit() and 1 <= int(found) <= MOST_INSTALMENTS else 1


def bin_number(source: Source) -> str | None:
    """The first digits of the card, where a plug-in keeps them."""
    found = source.first(BIN_KEYS, 8)
    return found if found.isdigit() else None


def _payment(profile: ChannelProfile, source: Source, currency: str, total: Decimal) -> TransactionDraft:
    payload = source.payload
    method = str(payload.get("payment_method") or "")
    mapping = payment_mapping(profile, payload)
    terms = _terms(method, mapping.conf if mapping else {})
    is_paid = _is_paid(payload, currency)
    is_reserved = is_paid and source.first(UNCAPTURED).lower() == "no"
    return TransactionDraft(
        remote_id="payment",
        amount=total,
        gateway_ref=text(payload.get("transaction_id"), 128) or None,
        authorised_amount=total if is_reserved else zero(currency),
        captured_amount=total if is_paid and not is_reserved else zero(currency),
        installment_count=instalment_count(source),
        bin_number=bin_number(source),
        paid_at=moment(payload, "date_paid", str(profile.conf.get("time_zone", "UTC"))),
        extra_field={"method": method, "title": text(payload.get("payment_method_title"), 200)},
        **terms,
    )


def _terms(method: str, conf: Mapping[str, Any]) -> dict[str, Any]:
    """Tender, gateway and holder by the mapping; without one the shop holds the money."""
    try:
        return {
            "kind": TenderKind(conf["tender"])
            if conf.get("tender")
            else CORE_METHODS.get(method, TenderKind.MARKETPLACE),
            "holder": MoneyHolder(conf.get("holder") or MoneyHolder.CHANNEL).value,
            "gateway": conf.get("gateway") or None,
        }
    except ValueError as unknown:
        raise ReadFailure(
            FailureClass.MAPPING, f"The mapping of the payment method “{method}” is wrong: {unknown}."
        ) from None


def _is_paid(payload: Payload, currency: str) -> bool:
    """Paid by its date, by a status that comes after paying, or because some of it went back."""
    return bool(
        payload.get("date_paid_gmt")
        or payload.get("date_paid")
        or payload.get("status") in PAID_STATUSES
        or read_refunds(payload, currency)
    )


def _gift_cards(payload: Payload, currency: str) -> list[TransactionDraft]:
    cards: list[TransactionDraft] = []
    for card in rows(payload, "gift_cards"):
        value = amount(currency, "gift card amount", card.get("amount"))
        if value > 0:
            # The code is worth money: its end is enough to tell two apart.
            title = f"…{text(card.get('code'))[-4:]}"
            cards.append(
                TransactionDraft(
                    remote_id=f"gift-card:{card.get('id') or len(cards)}",
                    kind=TenderKind.LOYALTY,
                    amount=value,
                    captured_amount=value,
                    extra_field={"method": "gift_card", "title": title},
                )
            )
    return cards
