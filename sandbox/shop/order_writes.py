"""What a client may change by PUT and POST: addresses merge, lines are edited, totals follow.

Nothing here but a new status moves `date_modified`.
"""

import sqlite3
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.shop.catalogue import PRODUCTS
from sandbox.shop.changes import add_meta, pay, set_status
from sandbox.shop.generator import VERSION
from sandbox.shop.order_query import STATUSES
from sandbox.shop.pricing import Rounding
from sandbox.shop.problems import Refusal, invalid_parameters
from sandbox.shop.store import Order, number_parts, stamp
from sandbox.stamps import now

WRITABLE = (
    "customer_note",
    "customer_id",
    "payment_method",
    "payment_method_title",
    "transaction_id",
    "currency",
)
ADDRESS = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
)
LINES = ("line_items", "shipping_lines", "fee_lines")
WRITABLE_STATUSES = ("auto-draft", *STATUSES)


def empty_order(zone: ZoneInfo) -> Order:
    moment = now()
    order: Order = {
        "id": 0,
        "parent_id": 0,
        "number": "",
        "order_key": "wc_order_rest",
        "created_via": "rest-api",
    }
    order |= {"version": VERSION, "status": "pending", "currency": "EUR"}
    for name in ("date_created", "date_modified"):
        stamp(order, name, moment, zone)
    order |= dict.fromkeys(
        ("discount_total", "discount_tax", "shipping_total", "shipping_tax", "cart_tax"), "0.00"
    )
    order |= {"total": "0.00", "total_tax": "0.00", "prices_include_tax": False, "customer_id": 0}
    order |= dict.fromkeys(("customer_ip_address", "customer_user_agent", "customer_note"), "")
    order |= {"billing": dict.fromkeys((*ADDRESS, "email", "phone"), "")}
    order |= {"shipping": dict.fromkeys((*ADDRESS, "phone"), "")}
    order |= dict.fromkeys(("payment_method", "payment_method_title", "transaction_id"), "")
    for name in ("date_paid", "date_completed"):
        stamp(order, name, None, zone)
    order |= {"cart_hash": "", "meta_data": [], "line_items": [], "tax_lines": [], "shipping_lines": []}
    order |= {"fee_lines": [], "coupon_lines": [], "refunds": [], "payment_url": "", "is_editable": True}
    return order | {"needs_payment": True, "needs_processing": True, "currency_symbol": ""}


def apply_changes(
    connection: sqlite3.Connection, order: Order, wanted: dict[str, Any], zone: ZoneInfo
) -> bool:
    """True when the status changed. Raises Refusal (400) and changes nothing that is stored."""
    _check(wanted)
    for name in WRITABLE:
        if wanted.get(name) is not None:
            order[name] = wanted[name]
    for part in ("billing", "shipping"):
        given = wanted.get(part) or {}
        order[part] |= {name: value for name, value in given.items() if name in order[part]}
    for entry in wanted.get("meta_data") or []:
        add_meta(order, str(entry["key"]), entry.get("value"), entry.get("id"))
    for part in LINES:
        for line in wanted.get(part) or []:
            _change_line(order, part, line)
    number_parts(connection, order)
    if any(part in wanted for part in (*LINES, "billing", "shipping")):
        _sum_up(order)
    if wanted.get("set_paid") is True and order["date_paid"] is None:
        pay(order, str(wanted.get("transaction_id") or ""), now(), zone)
    return bool(wanted.get("status")) and set_status(order, wanted["status"], now(), zone)


def _check(wanted: dict[str, Any]) -> None:
    problems: dict[str, tuple[str, str]] = {}
    status = wanted.get("status")
    if status is not None and status not in WRITABLE_STATUSES:
        words = ", ".join(WRITABLE_STATUSES[:-1])
        problems["status"] = (
            "rest_not_in_enum",
            f"status is not one of {words}, and {WRITABLE_STATUSES[-1]}.",
        )
    for name in ("billing", "shipping"):
        if wanted.get(name) is not None and not isinstance(wanted[name], dict):
            problems[name] = ("rest_invalid_type", f"{name} is not of type object.")
    for name in (*LINES, "meta_data"):
        if wanted.get(name) is not None and not isinstance(wanted[name], list):
            problems[name] = ("rest_invalid_type", f"{name} is not of type array.")
    if problems:
        raise invalid_parameters(problems)


def _change_line(order: Order, part: str, wanted: dict[str, Any]) -> None:
    if "id" not in wanted:
        order[part].append(_new_line(part, wanted))
        return
    line = next((line for line in order[part] if line["id"] == wanted["id"]), None)
    if line is None:
        raise Refusal(
            400, "woocommerce_rest_invalid_item_id", "Order item ID provided is not associated with order."
        )
    # Quantity 0 or an emptied product takes the line away.
    if wanted.get("quantity") == 0 or ("product_id" in wanted and wanted["product_id"] is None):
        order[part].remove(line)
        return
    line |= {name: value for name, value in wanted.items() if name in line and name != "taxes"}
    for name in ("total", "subtotal"):
        if name in wanted:
            line[f"{name}_tax"] = _tax_text(order, Decimal(str(wanted[name])))


def _new_line(part: str, wanted: dict[str, Any]) -> dict[str, Any]:
    if part == "shipping_lines":
        line = {"method_title": "", "method_id": "", "instance_id": "", "total": "0.00"}
    elif part == "fee_lines":
        line = {"name": "", "tax_class": "", "tax_status": "taxable", "amount": "", "total": "0.00"}
    else:
        line = _product_line(wanted)
    line |= {name: value for name, value in wanted.items() if name in line}
    return line | {"total_tax": "0.00", "taxes": [], "meta_data": wanted.get("meta_data") or []}


def _product_line(wanted: dict[str, Any]) -> dict[str, Any]:
    product = next(
        (p for p in PRODUCTS if wanted.get("sku") == p.sku or wanted.get("product_id") == p.id), None
    )
    if product is None and not wanted.get("product_id"):
        raise Refusal(400, "woocommerce_rest_required_product_reference", "Product ID or SKU is required.")
    quantity = Decimal(str(wanted.get("quantity", 1)))
    price = product.price if product else Decimal(0)
    total = f"{price * quantity:.2f}"
    return {
        "name": product.name if product else "",
        "product_id": product.id if product else wanted["product_id"],
        "variation_id": 0,
        "quantity": wanted.get("quantity", 1),
        "tax_class": "",
        "subtotal": total,
        "subtotal_tax": "0.00",
        "total": total,
        "sku": product.sku if product else None,
        "price": float(price),
    }


def _sum_up(order: Order) -> None:
    """WooCommerce's calculate totals: sums of the lines, whatever the order said before."""
    rounding = _rounding(order)
    goods = [*order["line_items"], *order["fee_lines"]]
    cart_tax = _sum(goods, "total_tax")
    shipping, shipping_tax = (
        _sum(order["shipping_lines"], "total"),
        _sum(order["shipping_lines"], "total_tax"),
    )
    subtotal, total = _sum(order["line_items"], "subtotal"), _sum(order["line_items"], "total")
    order |= {
        "discount_total": rounding.text(subtotal - total),
        "shipping_total": rounding.text(shipping),
        "shipping_tax": rounding.text(shipping_tax),
        "cart_tax": rounding.text(cart_tax),
        "total_tax": rounding.text(cart_tax + shipping_tax),
        "total": rounding.text(_sum(goods, "total") + cart_tax + shipping + shipping_tax),
    }
    for tax in order["tax_lines"]:
        tax |= {"tax_total": order["cart_tax"], "shipping_tax_total": order["shipping_tax"]}


def _sum(lines: list[dict[str, Any]], name: str) -> Decimal:
    return sum((Decimal(str(line.get(name) or 0)) for line in lines), Decimal(0))


def _tax_text(order: Order, net: Decimal) -> str:
    rate = Decimal(str(order["tax_lines"][0]["rate_percent"])) if order["tax_lines"] else Decimal(0)
    return _rounding(order).text(net * rate / 100)


def _rounding(order: Order) -> Rounding:
    return Rounding(len(str(order["total"]).partition(".")[2]), at_subtotal=False)
