"""The price of one row in sentences: what was taken off, what was added, and how each share came about."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from flask_babel import gettext

from webapp.core.text import N_
from webapp.orders.models import DiscountItem
from webapp.orders.pricing import PriceStep, PriceStepKind, explain_item, steps_from_json
from webapp.orders.queries.detail import Item
from webapp.ui.formatting import money

_LABELS: Final = {
    PriceStepKind.GROSS: N_("Price of the row, tax included"),
    PriceStepKind.LINE_DISCOUNT: N_("Its own discount"),
    PriceStepKind.ORDER_DISCOUNT: N_("Share of the order's discount"),
    PriceStepKind.SPILLED_DISCOUNT: N_("Share of a discount that other rows could not take"),
    PriceStepKind.NET: N_("After discounts"),
    PriceStepKind.SHIPPING: N_("Share of the shipping fee"),
    PriceStepKind.INTEREST: N_("Share of the instalment interest"),
    PriceStepKind.SHIPPING_INTEREST: N_("of which on shipping"),
    PriceStepKind.ROUNDING: N_("Rounding that the shop's total needs"),
    PriceStepKind.TOTAL: N_("What the row costs in all"),
    PriceStepKind.TAX: N_("Tax in it"),
}
# Told beside the sum, not part of it.
_BESIDE: Final = {PriceStepKind.NET, PriceStepKind.SHIPPING_INTEREST, PriceStepKind.TAX}


class ExplainedLine(NamedTuple):
    """One line of the explanation; `how` is the arithmetic of a share, in words."""

    label: str
    amount: Decimal
    name: str
    how: str
    is_sum: bool
    is_beside: bool


def explained(items: Sequence[Item], position: int, discounts: Sequence[DiscountItem]) -> list[ExplainedLine]:
    """The lines that lead from the row's price to what it costs in all."""
    row = items[position].row
    steps = explain_item(
        [item.row for item in items], position, steps_from_json(row.price_steps), row.tax_amount
    )
    names = {discount.remote_id: discount.code or discount.name for discount in discounts}
    return [_line(step, names, row.price_currency, row.tax_rate) for step in steps]


def _line(
    step: PriceStep, names: Mapping[str, str], currency: str, tax_rate: Decimal | None
) -> ExplainedLine:
    label = gettext(_LABELS[step.kind])
    if step.kind is PriceStepKind.TAX and tax_rate is not None:
        label = gettext("Tax in it, %(rate)s %%", rate=f"{tax_rate.normalize():f}")
    return ExplainedLine(
        label=label,
        amount=step.amount,
        name=names.get(step.key, ""),
        how=_how(step, currency),
        is_sum=step.kind is PriceStepKind.TOTAL,
        is_beside=step.kind in _BESIDE,
    )


def _how(step: PriceStep, currency: str) -> str:
    """`39.90 TRY × 120.00 / 360.00`: the whole, and the row's part in what it was shared by."""
    if step.of_total is None or step.weight is None or not step.weight_sum:
        return ""
    whole, weight, weights = (money(each, currency) for each in (step.of_total, step.weight, step.weight_sum))
    return whole + " × " + weight + " / " + weights
