"""Random orders that a shop could send: odd prices, coupons larger than items, three kinds of currency."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st

from webapp.core.money import from_minor, minor_unit
from webapp.orders.pricing import DiscountMoney, LineMoney, OrderMoney, item_total, price_order

CURRENCIES = ("TRY", "IQD", "JPY")
# Free gifts, single cents and equal prices are where shares go wrong, so they come up often.
PRICES = st.one_of(st.integers(0, 3), st.sampled_from([3333, 3333, 9999, 1250]), st.integers(0, 250_000))


@st.composite
def _lines(draw: st.DrawFn, currency: str) -> tuple[LineMoney, ...]:
    lines = []
    for number in range(draw(st.integers(1, 6))):
        gross = draw(PRICES)
        discount = draw(st.one_of(st.just(0), st.integers(0, gross + gross // 4)))
        rate = draw(st.sampled_from([None, Decimal(0), Decimal(8), Decimal(20), Decimal("8.875")]))
        lines.append(
            LineMoney(str(number), from_minor(gross, currency), from_minor(discount, currency), tax_rate=rate)
        )
    return tuple(lines)


@st.composite
def _discounts(draw: st.DrawFn, currency: str, keys: list[str]) -> tuple[DiscountMoney, ...]:
    return tuple(
        DiscountMoney(
            key=f"coupon-{number}",
            amount=from_minor(draw(PRICES), currency),
            line_keys=draw(st.frozensets(st.sampled_from(keys), max_size=2)),
            also_shipping=draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 3)))
    )


@st.composite
def order_moneys(draw: st.DrawFn, *, adds_up: bool = True) -> OrderMoney:
    """An order whose total is what its parts come to, give or take the shop's own rounding; else any total."""
    currency = draw(st.sampled_from(CURRENCIES))
    lines = draw(_lines(currency))
    some = st.one_of(st.just(0), st.integers(0, 5_000))
    order = OrderMoney(
        currency=currency,
        lines=lines,
        total=Decimal(0),
        discounts=draw(_discounts(currency, [line.key for line in lines])),
        shipping=from_minor(draw(some), currency),
        shipping_discount=from_minor(draw(st.one_of(st.just(0), st.integers(0, 500))), currency),
        interest=from_minor(draw(some), currency),
    )
    if not adds_up:
        return replace(order, total=from_minor(draw(st.integers(-5_000, 500_000)), currency))
    parts = sum_of_parts(order)
    off = draw(st.one_of(st.just(0), st.integers(-len(lines), len(lines))))
    rounded = replace(order, total=max(Decimal(0), parts + off * minor_unit(currency)))
    return replace(order, total=parts) if price_order(rounded).money_mismatch else rounded


def sum_of_parts(order: OrderMoney) -> Decimal:
    """What the rows of the order come to before any rounding."""
    out_of_reach = replace(order, total=Decimal(10**12))
    priced = price_order(out_of_reach)
    assert priced.money_mismatch
    return sum(map(item_total, priced.items), from_minor(0, order.currency))
