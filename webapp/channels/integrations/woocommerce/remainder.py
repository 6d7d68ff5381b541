"""What our columns have no place for: kept in `extra_field`, without what names or identifies a person.

The payload itself stays in its record, so nothing is lost by leaving something out here.
"""

import re
from decimal import Decimal
from typing import Any

from webapp.channels.integrations.woocommerce.fields import Payload, meta, part, rows, text
from webapp.core.exact_json import plain

# Read into columns of their own, or a key that opens the customer's pages of the shop (order_key, cart_hash).
_PERSONAL = re.compile(
    r"(?i)phone|mail|name|address|street|city|postcode|zip|iban|account|birth|gender|(^|_)ip(_|$)|agent|user|"
    r"customer|buyer|payer|(^|_)(tc|tckn|vkn|vat|nip)(_|$)|kimlik|vergi|tax_(number|office)|card|(^|_)bin(_|$)|"
    r"token|secret|key|hash|"
    r"password|session|cookie|note|source_id|payment_method_id"
)
LONGEST = 500


def read_remainder(payload: Payload) -> dict[str, Any]:
    """The rest of an order as plain JSON; empty entries are left out."""
    kept: dict[str, Any] = {
        "parent_id": payload.get("parent_id"),
        "created_via": text(payload.get("created_via"), LONGEST),
        "shop_version": text(payload.get("version"), 40),
        "prices_include_tax": payload.get("prices_include_tax"),
        "date_completed": payload.get("date_completed_gmt") or payload.get("date_completed"),
        "discount_total": payload.get("discount_total"),
        "discount_tax": payload.get("discount_tax"),
        "total_tax": payload.get("total_tax"),
        "coupons": [_coupon(coupon) for coupon in rows(payload, "coupon_lines")],
        "shipping_lines": [_shipping(line) for line in rows(payload, "shipping_lines")],
        "tax_lines": [_tax(line) for line in rows(payload, "tax_lines")],
        "meta": _entries(payload),
        "country": _odd_country(payload),
    }
    return {name: plain(value) for name, value in kept.items() if value not in (None, "", 0, [], {})}


def _coupon(coupon: Payload) -> dict[str, Any]:
    return {"code": text(coupon.get("code"), 120), "discount": str(coupon.get("discount") or "0")}


def _shipping(line: Payload) -> dict[str, Any]:
    names = ("method_id", "instance_id", "total", "total_tax")
    return {
        "title": text(line.get("method_title"), 200),
        **{name: text(line.get(name), 120) for name in names},
    }


def _tax(line: Payload) -> dict[str, Any]:
    names = ("label", "rate_percent", "tax_total", "shipping_tax_total", "compound")
    return {name: line.get(name) for name in names}


def _entries(payload: Payload) -> dict[str, Any]:
    """Meta entries with a plain value whose key speaks of no person and no secret."""
    return {
        key[:120]: text(value, LONGEST)
        for key, value in sorted(meta(payload).items())
        if not _PERSONAL.search(key) and isinstance(value, str | int | Decimal)
    }


def _odd_country(payload: Payload) -> dict[str, str]:
    """Countries that are no ISO code, which the addresses cannot hold."""
    found = {side: text(part(payload, side).get("country"), 60) for side in ("billing", "shipping")}
    return {side: country for side, country in found.items() if country and len(country) != 2}
