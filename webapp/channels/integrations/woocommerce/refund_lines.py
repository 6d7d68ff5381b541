"""For which lines a refund is, with net and taxes as the shop keeps its books: from the order's own lines."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from webapp.channels.base import RefundedLine, WantedRefund
from webapp.channels.integrations.woocommerce.fields import amount, rows
from webapp.core.errors import DomainError
from webapp.core.money import allocate

_LISTS: Final = ("line_items", "fee_lines")


def refund_lines(wanted: WantedRefund, order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`line_items` of the refund; none where the order is unknown or its lines would come to more than goes back.

    The shop does not check that lines and amount agree; shipping and interest are in the amount alone.
    """
    known = {str(line.get("id")): line for name in _LISTS for line in rows(order, name)}
    if sum((line.amount for line in wanted.lines), Decimal(0)) > wanted.amount:
        return []
    try:
        return [_line(line, known[_id(line)], wanted.currency) for line in wanted.lines if _id(line) in known]
    except (DomainError, ValueError):
        # Amounts of the shop that do not add up are no reason to keep the customer's money.
        return []


def _line(line: RefundedLine, remote: Mapping[str, Any], currency: str) -> dict[str, Any]:
    net, *taxes = _shares(line, remote, currency)
    ids = [tax.get("id") for tax in rows(remote, "taxes")]
    wanted: dict[str, Any] = {
        "id": int(str(remote["id"])),
        "refund_total": str(net),
        "refund_tax": [
            {"id": int(str(tax_id)), "refund_total": str(tax)}
            for tax_id, tax in zip(ids, taxes, strict=True)
            if tax
        ],
    }
    if line.quantity == line.quantity.to_integral_value():
        wanted["quantity"] = int(line.quantity)
    return wanted


def _shares(line: RefundedLine, remote: Mapping[str, Any], currency: str) -> Iterator[Decimal]:
    """Net and each tax of the part that goes back, in the proportion of the whole line (R1)."""
    parts = [amount(currency, "line total", remote.get("total"))]
    parts += [amount(currency, "line tax", tax.get("total")) for tax in rows(remote, "taxes")]
    return iter(allocate(line.amount, parts, currency=currency).shares)


def _id(line: RefundedLine) -> str:
    return line.remote_line_id.removeprefix("fee:")
