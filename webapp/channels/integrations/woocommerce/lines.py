"""What was sold and for how much: lines, fees, discounts and shipping of a WooCommerce order.

Amounts come from the line totals, never from unit price × quantity, and discounts from the difference of a line's
subtotal and total: coupon lines round apart and sometimes show the coupon's whole face value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from webapp.channels.integrations.woocommerce.fields import (
    Payload,
    Source,
    amount,
    number,
    numbered,
    part,
    percent,
    rows,
    text,
)
from webapp.channels.reading import ReadFailure
from webapp.core.exact_json import plain
from webapp.core.money import quantise, zero
from webapp.orders.enums import FailureClass, OrderStatus
from webapp.orders.inputs import DiscountDraft, ItemDraft

# What iyzico's plug-in notes beside the fee line that holds the interest; other plug-ins copied the names.
INTEREST_KEYS = ("iyzico_installment_fee", "_iyzico_installment_fee", "installment_fee", "_installment_fee")
LARGEST_QUANTITY = Decimal("999999999")
_KEPT = (
    "product_id", "variation_id", "tax_class", "parent_name", "bundled_by", "composite_parent", "composite_children",
    "bundled_items",
)  # fmt: skip


@dataclass
class Sale:
    """Rows and discounts of an order while they are collected; `interest` is the instalment interest among the fees."""

    currency: str
    status: OrderStatus
    rates: Mapping[str, Decimal]
    coupon_codes: str = ""
    tracking_number: str | None = None
    items: list[ItemDraft] = field(default_factory=list)
    discounts: list[DiscountDraft] = field(default_factory=list)
    shipping: Decimal = Decimal(0)
    interest: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        self.nothing = zero(self.currency)

    def take_line(self, name: str, line: Payload) -> None:
        """A product line: gross from its subtotal, net from its total."""
        before = ("subtotal", "subtotal_tax") if "subtotal" in line else ("total", "total_tax")
        gross = amount(self.currency, f"line {name} subtotal", *(line.get(key) for key in before))
        net = amount(self.currency, f"line {name} total", line.get("total"), line.get("total_tax"))
        gross = max(gross, net, self.nothing)
        discount = gross - max(net, self.nothing)
        self.items.append(self._item(name, line, gross, discount))
        if discount:
            self.discounts.append(self._line_discount(name, discount))
        if net < 0:
            self._take_off(f"credit:{name}", text(line.get("name"), 200), -net)

    def take_fee(self, name: str, fee: Payload) -> None:
        """A positive fee is a row of its own, a negative one a discount on everything."""
        value = amount(self.currency, f"{name} total", fee.get("total"), fee.get("total_tax"))
        if value < 0:
            self._take_off(name, text(fee.get("name"), 200), -value)
        elif value > 0:
            self.items.append(self._item(name, {**fee, "quantity": 1}, value, self.nothing, {"kind": "fee"}))

    def take_shipping(self, payload: Payload) -> None:
        """The order's own shipping amount with its tax; one below zero is a discount."""
        value = amount(
            self.currency, "shipping_total", payload.get("shipping_total"), payload.get("shipping_tax")
        )
        self.shipping = max(value, self.nothing)
        if value < 0:
            self._take_off("shipping", "Shipping", -value)

    def _take_off(self, name: str, words: str, value: Decimal) -> None:
        self.discounts.append(
            DiscountDraft(remote_id=name[:64], scope="order", amount=value, name=words, also_shipping=True)
        )

    def _line_discount(self, name: str, value: Decimal) -> DiscountDraft:
        return DiscountDraft(
            remote_id=f"line:{name}"[:64],
            scope="line",
            amount=value,
            name="Coupon" if self.coupon_codes else "Discount",
            code=self.coupon_codes[:120],
            remote_line_id=name,
        )

    def _item(
        self,
        name: str,
        line: Payload,
        gross: Decimal,
        discount: Decimal,
        extra: Mapping[str, Any] | None = None,
    ) -> ItemDraft:
        quantity = _quantity(name, line)
        return ItemDraft(
            remote_line_id=name,
            position=len(self.items),
            name=text(line.get("name")),
            quantity=quantity,
            amount=gross,
            price=quantise(gross / quantity, self.currency) if quantity else gross,
            status=self.status,
            sku=text(line.get("sku"), 120),
            discount_amount=discount,
            tax_rate=self._tax_rate(line),
            tax_amount=max(
                amount(self.currency, f"line {name} total_tax", line.get("total_tax")), self.nothing
            ),
            tracking_number=None if extra else self.tracking_number,
            image=text(part(line, "image").get("src"), 2000) or None,
            attributes=_attributes(line),
            extra_field={**_kept(line), **(extra or {})},
        )

    def _tax_rate(self, line: Payload) -> Decimal | None:
        """Per cent: the sum of the rates the line names, else what its tax comes to; 0 where it has none."""
        named = [
            self.rates.get(str(tax.get("id")))
            for tax in rows(line, "taxes")
            if number(tax.get("total"), "tax")
        ]
        known = [rate for rate in named if rate is not None]
        if known and len(known) == len(named):
            return percent(sum(known, Decimal(0)))
        for tax_name, base_name in (("total_tax", "total"), ("subtotal_tax", "subtotal")):
            tax, base = number(line.get(tax_name), tax_name), number(line.get(base_name), base_name)
            if tax and base:
                return percent(tax / base * 100)
        return Decimal(0)


def read_sale(source: Source, currency: str, status: OrderStatus) -> Sale:
    """Everything that was sold. Raises ReadFailure where a line cannot be read."""
    payload = source.payload
    sale = Sale(currency, status, _rates(payload), _coupon_codes(payload), read_tracking_number(source))
    for name, line in numbered(rows(payload, "line_items")):
        sale.take_line(name, line)
    interest = amount(currency, "installment fee", source.first(INTEREST_KEYS))
    for name, fee in numbered(rows(payload, "fee_lines"), "fee:"):
        value = amount(currency, f"{name} total", fee.get("total"), fee.get("total_tax"))
        if interest > 0 and value == interest and not sale.interest:
            sale.interest = interest
        else:
            sale.take_fee(name, fee)
    sale.take_shipping(payload)
    if not sale.items:
        raise ReadFailure(FailureClass.VALIDATION, "The order has no lines.")
    return sale


def read_tracking_number(source: Source) -> str | None:
    """The tracking number of the Shipment Tracking extension, when there is exactly one."""
    trackings = rows(source.meta, "_wc_shipment_tracking_items")
    return text(trackings[0].get("tracking_number"), 64) or None if len(trackings) == 1 else None


def _quantity(name: str, line: Payload) -> Decimal:
    quantity = number(line.get("quantity", 1), f"line {name} quantity")
    if not 0 <= quantity <= LARGEST_QUANTITY:
        raise ReadFailure(FailureClass.VALIDATION, f"The quantity of line {name} is {quantity}.")
    return quantity.quantize(Decimal("0.001"), ROUND_HALF_UP)


def _rates(payload: Payload) -> dict[str, Decimal]:
    """Tax rates in per cent by their number in the shop."""
    return {
        str(tax.get("rate_id")): number(tax.get("rate_percent"), "rate_percent")
        for tax in rows(payload, "tax_lines")
        if tax.get("rate_percent") not in (None, "")
    }


def _coupon_codes(payload: Payload) -> str:
    return ", ".join(text(coupon.get("code"), 120) for coupon in rows(payload, "coupon_lines"))


def _attributes(line: Payload) -> dict[str, Any]:
    """What the customer chose on the line: the meta entries that the shop shows, by their shown names."""
    shown = {}
    for entry in rows(line, "meta_data"):
        key, value = (
            entry.get("display_key", entry.get("key")),
            entry.get("display_value", entry.get("value")),
        )
        if key and not str(key).startswith("_") and isinstance(value, str | int | Decimal):
            shown[text(key, 120)] = text(value, 1000)
    return shown


def _kept(line: Payload) -> dict[str, Any]:
    """What our columns have no place for."""
    return {name: plain(value) for name in _KEPT if (value := line.get(name)) and value != "0"}
