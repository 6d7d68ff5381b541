"""The shop's own arithmetic, as WooCommerce does it: raw taxes kept, shown amounts rounded, totals summed.

A shop that rounds tax at the subtotal adds raw amounts first, so its total can miss the sum of the shown
parts by one minor unit.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

RAW = Decimal("0.000001")  # line taxes and prices are kept with six decimals
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Rounding:
    decimals: int
    at_subtotal: bool

    def shown(self, amount: Decimal) -> Decimal:
        return amount.quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_UP)

    def text(self, amount: Decimal) -> str:
        return f"{self.shown(amount):.{self.decimals}f}"

    def total(self, amounts: Iterable[Decimal]) -> Decimal:
        """The sum as this shop rounds it: of rounded parts, or rounded once at the end."""
        if self.at_subtotal:
            return self.shown(sum(amounts, Decimal(0)))
        return sum((self.shown(amount) for amount in amounts), Decimal(0))


@dataclass(frozen=True)
class Tax:
    rate_id: int
    rate: Decimal  # per cent
    label: str
    country: str
    prices_include_tax: bool

    def split(self, price: Decimal) -> tuple[Decimal, Decimal]:
        """(net, tax) of a price as the shop writes it, not rounded."""
        if self.prices_include_tax:
            net = price * HUNDRED / (HUNDRED + self.rate)
            return net, price - net
        return price, price * self.rate / HUNDRED

    def lines(self, raw_total: Decimal, raw_subtotal: Decimal | None = None) -> list[dict[str, Any]]:
        if not self.rate:
            return []
        subtotal = "" if raw_subtotal is None else plain(raw_subtotal)
        return [{"id": self.rate_id, "total": plain(raw_total), "subtotal": subtotal}]


@dataclass(frozen=True)
class CartLine:
    product_id: int
    variation_id: int
    sku: str | None
    name: str
    quantity: Decimal
    unit_price: Decimal  # as the shop writes it: with or without tax
    discount: Decimal  # of the whole line, in the same terms


@dataclass(frozen=True)
class PricedPart:
    """One line of an order with its raw net and tax, after discount and before."""

    body: dict[str, Any]
    net: Decimal
    tax: Decimal
    net_before: Decimal
    tax_before: Decimal


def price_line(line: CartLine, tax: Tax, rounding: Rounding) -> PricedPart:
    before = line.unit_price * line.quantity
    net_before, tax_before = tax.split(before)
    net, line_tax = tax.split(before - line.discount)
    body = {
        "name": line.name,
        "product_id": line.product_id,
        "variation_id": line.variation_id,
        "quantity": number(line.quantity),
        "tax_class": "",
        "subtotal": rounding.text(net_before),
        "subtotal_tax": rounding.text(tax_before),
        "total": rounding.text(net),
        "total_tax": rounding.text(line_tax),
        "taxes": tax.lines(line_tax, tax_before),
        "meta_data": [],
        "sku": line.sku,
        # A JSON number, after discount, without tax, and not what the line totals were made from.
        "price": number((net / line.quantity).quantize(RAW)) if line.quantity else 0,
        "image": {"id": "", "src": ""},
        "parent_name": None,
    }
    return PricedPart(body, net, line_tax, net_before, tax_before)


def price_shipping(title: str, price: Decimal, tax: Tax, rounding: Rounding) -> PricedPart:
    net, shipping_tax = tax.split(price)
    body = {
        "method_title": title,
        "method_id": "flat_rate" if price else "free_shipping",
        "instance_id": "1" if price else "2",
        "total": rounding.text(net),
        "total_tax": rounding.text(shipping_tax),
        "taxes": tax.lines(shipping_tax) if price else [],
        "tax_status": "taxable",
        "meta_data": [],
    }
    return PricedPart(body, net, shipping_tax, net, shipping_tax)


def price_fee(name: str, price: Decimal, tax: Tax | None, rounding: Rounding) -> PricedPart:
    """A fee, or with a negative price a discount that is no coupon; without tax where none is given."""
    net, fee_tax = tax.split(price) if tax else (price, Decimal(0))
    body = {
        "name": name,
        "tax_class": "",
        "tax_status": "taxable" if tax else "none",
        "amount": plain(net),
        "total": rounding.text(net),
        "total_tax": rounding.text(fee_tax),
        "taxes": tax.lines(fee_tax) if tax else [],
        "meta_data": [],
    }
    return PricedPart(body, net, fee_tax, net, fee_tax)


def totals(
    items: list[PricedPart], shipping: list[PricedPart], fees: list[PricedPart], rounding: Rounding
) -> dict[str, str]:
    """The order's amounts; `total` is what the customer pays."""
    goods = [*items, *fees]
    cart_tax = rounding.total(part.tax for part in goods)
    shipping_tax = rounding.total(part.tax for part in shipping)
    shipping_net = rounding.total(part.net for part in shipping)
    net = rounding.total(part.net for part in goods)
    return {
        "discount_total": rounding.text(rounding.total(part.net_before - part.net for part in items)),
        "discount_tax": rounding.text(rounding.total(part.tax_before - part.tax for part in items)),
        "shipping_total": rounding.text(shipping_net),
        "shipping_tax": rounding.text(shipping_tax),
        "cart_tax": rounding.text(cart_tax),
        "total": rounding.text(net + cart_tax + shipping_net + shipping_tax),
        "total_tax": rounding.text(cart_tax + shipping_tax),
    }


def tax_lines(tax: Tax, cart_tax: str, shipping_tax: str) -> list[dict[str, Any]]:
    if not tax.rate:
        return []
    return [
        {
            "rate_code": f"{tax.country}-{tax.label.upper()}-1",
            "rate_id": tax.rate_id,
            "label": tax.label,
            "compound": False,
            "tax_total": cart_tax,
            "shipping_tax_total": shipping_tax,
            "rate_percent": number(tax.rate),
            "meta_data": [],
        }
    ]


def plain(amount: Decimal) -> str:
    """Up to six decimals without trailing zeros, as raw amounts are stored: 0.352941, 2, 1.2."""
    text = f"{amount.quantize(RAW, ROUND_HALF_UP):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def number(amount: Decimal) -> int | float:
    """What PHP's JSON makes of a number; the only floats in the sandbox, and never added up."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)
