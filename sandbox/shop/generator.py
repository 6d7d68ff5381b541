"""Draws plausible orders: the same seed and number always give the same order.

Every oddity here was seen at real shops; `README.md` lists them with how often they are drawn.
"""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.shop import payments
from sandbox.shop.catalogue import BY_WEIGHT, MARKET_BY_COUNTRY, MARKETS, PRODUCTS, Market, Product
from sandbox.shop.people import draw_address, draw_note, draw_recipient
from sandbox.shop.pricing import (
    CartLine,
    PricedPart,
    Rounding,
    Tax,
    plain,
    price_fee,
    price_line,
    price_shipping,
    tax_lines,
    totals,
)
from sandbox.stamps import gmt_text, local_text

VERSION = "9.4.3"
SHARE_ROUNDED_AT_SUBTOTAL = 0.28  # about one order in twenty then misses its parts by a minor unit
COUPONS = ("yaz10", "hosgeldin", "sommer&amp;sonne", "eid25", "30€off", "vip-15")


@dataclass(frozen=True)
class Wish:
    """What an order must be; None leaves it to chance. `age_days` counts back from now."""

    country: str | None = None
    payment_method: str | None = None
    status: str | None = None
    instalments: int | None = None
    items: int | None = None
    coupon: bool | None = None
    age_days: float | None = None


@dataclass(frozen=True)
class _Cart:
    market: Market
    tax: Tax
    rounding: Rounding
    items: list[PricedPart]
    shipping: list[PricedPart]
    fees: list[PricedPart]
    coupon: str | None

    @property
    def amounts(self) -> dict[str, str]:
        return totals(self.items, self.shipping, self.fees, self.rounding)

    def with_fee(self, name: str, price: Decimal, tax: Tax | None) -> "_Cart":
        return replace(self, fees=[*self.fees, price_fee(name, price, tax, self.rounding)])


def draw_order(
    seed: int, number: int, *, now: datetime, zone: ZoneInfo, span_days: float, wish: Wish
) -> dict[str, Any]:
    """An order without its numbers; `placed` lies in the last `span_days` before `now`."""
    chance = random.Random(f"{seed}/order/{number}")
    market = _draw_market(wish, chance)
    cart = _draw_cart(market, wish, chance)
    method = _draw_method(market, cart, wish, chance)
    cart, instalments, interest = _with_payment_fees(cart, method, wish, chance)
    # Squared: the shop grows, so the last days hold the most orders.
    age = timedelta(days=wish.age_days if wish.age_days is not None else chance.random() ** 2 * span_days)
    placed = (now - age).replace(microsecond=0)
    progress = _draw_progress(method, placed, now, wish, chance)
    reference = payments.draw_reference(method, chance) if progress.paid_at else ""
    meta = payments.payment_meta(method, reference, market.currency, instalments, interest, chance)
    titles = payments.TITLES_TR if market.country == "TR" else payments.TITLES
    return {
        **_head(seed, number, market, progress.status),
        **_dates("date_created", placed, zone),
        **_dates("date_modified", progress.changed_at or placed, zone),
        **cart.amounts,
        "prices_include_tax": market.prices_include_tax,
        **_draw_customer(market, chance),
        "payment_method": method,
        "payment_method_title": titles[method],
        "transaction_id": reference,
        **_dates("date_paid", progress.paid_at, zone),
        **_dates("date_completed", progress.completed_at, zone),
        "cart_hash": f"{chance.getrandbits(128):032x}",
        "meta_data": [{"key": key, "value": value} for key, value in [("is_vat_exempt", "no"), *meta]],
        **_draw_lines(cart, chance),
        "refunds": [],
        "payment_url": "",
        "is_editable": progress.status in ("pending", "on-hold"),
        "needs_payment": progress.status in ("pending", "failed"),
        "needs_processing": True,
        "currency_symbol": market.symbol,
    }


def _draw_customer(market: Market, chance: random.Random) -> dict[str, Any]:
    billing = draw_address(market.country, chance)
    return {
        # 0 is a guest
        "customer_id": 0 if chance.random() < 0.55 else chance.randint(2, 160),
        "customer_ip_address": f"192.0.2.{chance.randint(1, 254)}",
        "customer_user_agent": "Mozilla/5.0 (sandbox)",
        "customer_note": draw_note(chance),
        "billing": billing,
        "shipping": draw_recipient(billing, chance),
    }


def _draw_lines(cart: _Cart, chance: random.Random) -> dict[str, Any]:
    amounts = cart.amounts
    return {
        "line_items": [part.body for part in cart.items],
        "tax_lines": tax_lines(cart.tax, amounts["cart_tax"], amounts["shipping_tax"]),
        "shipping_lines": [part.body for part in cart.shipping],
        "fee_lines": [part.body for part in cart.fees],
        "coupon_lines": _coupon_lines(cart, amounts, chance),
    }


def _head(seed: int, number: int, market: Market, status: str) -> dict[str, Any]:
    return {
        "id": 0,
        "parent_id": 0,
        "number": "",
        "order_key": f"wc_order_{random.Random(f'{seed}/key/{number}').getrandbits(52):013x}",
        "created_via": "checkout",
        "version": VERSION,
        "status": status,
        "currency": market.currency,
    }


def _dates(name: str, moment: datetime | None, zone: ZoneInfo) -> dict[str, str | None]:
    local = local_text(moment, zone) if moment else None
    return {name: local, f"{name}_gmt": gmt_text(moment) if moment else None}


def _draw_market(wish: Wish, chance: random.Random) -> Market:
    if wish.country:
        return MARKET_BY_COUNTRY[wish.country]
    return chance.choices(MARKETS, [market.weight for market in MARKETS])[0]


def _draw_cart(market: Market, wish: Wish, chance: random.Random) -> _Cart:
    rounding = Rounding(market.decimals, chance.random() < SHARE_ROUNDED_AT_SUBTOTAL)
    rate_id = 1 + MARKETS.index(market)
    tax = Tax(rate_id, market.tax_rate, market.tax_label, market.country, market.prices_include_tax)
    count = wish.items or chance.choices((1, 2, 3, 4, 7), (40, 28, 17, 10, 5))[0]
    lines = [_draw_line(product, market, rounding, chance) for product in chance.sample(PRODUCTS, count)]
    lines, coupon = _with_coupon(lines, rounding, wish, chance)
    value = sum((line.unit_price * line.quantity - line.discount for line in lines), Decimal(0))
    is_free = not value or value > 100 * market.factor or chance.random() < 0.1
    return _Cart(
        market,
        tax,
        rounding,
        [price_line(line, tax, rounding) for line in lines],
        [price_shipping(market.carrier, Decimal(0) if is_free else market.shipping, tax, rounding)],
        [],
        coupon,
    )


def _draw_line(product: Product, market: Market, rounding: Rounding, chance: random.Random) -> CartLine:
    quantity = Decimal(chance.choices((1, 2, 3, 5), (68, 20, 8, 4))[0])
    if product.sku in BY_WEIGHT:
        quantity = Decimal(chance.choice(("0.5", "1.5", "2.25", "1")))
    if chance.random() < 0.008:
        quantity = Decimal(0)  # an editing plug-in emptied the line but kept it
    line = CartLine(
        product.id,
        product.variation_id,
        product.sku,
        product.name,
        quantity,
        rounding.shown(product.price * market.factor),
        Decimal(0),
    )
    oddity = chance.random()
    if oddity < 0.02:  # the product was deleted after the sale
        return replace(line, product_id=0, variation_id=0, sku=None)
    if oddity < 0.035:  # never in any catalogue we were given
        return replace(line, sku=f"NEW-{chance.randint(1000, 9999)}")
    return line


def _with_coupon(
    lines: list[CartLine], rounding: Rounding, wish: Wish, chance: random.Random
) -> tuple[list[CartLine], str | None]:
    has_coupon = chance.random() < 0.27 if wish.coupon is None else wish.coupon
    if not has_coupon:
        return lines, None
    percent = chance.choice((5, 10, 15, 30)) if chance.random() < 0.94 else 100
    discounted = [
        replace(line, discount=rounding.shown(line.unit_price * line.quantity * percent / 100))
        for line in lines
    ]
    return discounted, chance.choice(COUPONS)


def _draw_method(market: Market, cart: _Cart, wish: Wish, chance: random.Random) -> str:
    method = wish.payment_method or payments.draw_method(market.country, chance)
    # Nothing to pay: WooCommerce leaves the method empty.
    return "" if Decimal(cart.amounts["total"]) == 0 and wish.payment_method is None else method


def _with_payment_fees(
    cart: _Cart, method: str, wish: Wish, chance: random.Random
) -> tuple[_Cart, int, Decimal]:
    """The cart with its fees, the instalments and their interest."""
    rounding, factor = cart.rounding, cart.market.factor
    if method == "cod" and chance.random() < 0.7:
        cart = cart.with_fee("Kapıda ödeme hizmet bedeli", rounding.shown(factor * Decimal("0.8")), cart.tax)
    if chance.random() < 0.08:
        cart = cart.with_fee("Gift wrap &amp; card", rounding.shown(factor * Decimal("3.5")), cart.tax)
    total = Decimal(cart.amounts["total"])
    if method == "bacs" and chance.random() < 0.5:
        cart = cart.with_fee("Havale indirimi (%3)", -rounding.shown(total * 3 / 100), None)
    elif chance.random() < 0.015:  # more store credit than the order is worth: a total below zero
        cart = cart.with_fee("Store credit", -rounding.shown(total + factor * Decimal("1.37")), None)
    total = Decimal(cart.amounts["total"])
    instalments = wish.instalments or payments.draw_instalments(method, cart.market.country, total, chance)
    interest = rounding.shown(total * payments.INSTALMENTS.get(instalments, Decimal(0)) / 100)
    if interest > 0:
        cart = cart.with_fee(f"{instalments} Installment Commission", interest, None)
    return cart, instalments, interest


def _draw_progress(
    method: str, placed: datetime, now: datetime, wish: Wish, chance: random.Random
) -> payments.Progress:
    if wish.status is None:
        return payments.draw_progress(method, placed, now, chance)
    unpaid = wish.status in ("pending", "failed", "on-hold", "checkout-draft")
    is_paid = not unpaid and not (method == "cod" and wish.status in ("processing", "cancelled"))
    return payments.Progress(
        wish.status,
        paid_at=placed if is_paid else None,
        completed_at=placed if wish.status == "completed" else None,
        changed_at=placed,
    )


def _coupon_lines(cart: _Cart, amounts: dict[str, str], chance: random.Random) -> list[dict[str, Any]]:
    if cart.coupon is None:
        return []
    discount, tax = Decimal(amounts["discount_total"]), Decimal(amounts["discount_tax"])
    what = chance.random()
    if what < 0.06:  # the coupon's whole face value instead of what it took off
        discount, tax = discount * 2 + 10, Decimal(0)
    elif what < 0.30:  # rounded apart from the lines
        discount += Decimal(1).scaleb(-cart.rounding.decimals)
    return [
        {
            "code": cart.coupon,
            "discount": plain(discount),
            "discount_tax": plain(tax),
            "meta_data": [],
            "discount_type": "percent",
            "nominal_amount": 0,
            "free_shipping": False,
        }
    ]
