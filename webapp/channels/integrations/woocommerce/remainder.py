"""What our columns have no place for: kept in `extra_field`, without what names or identifies a person.

The payload itself stays in its record, so nothing is lost by leaving something out here.
"""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from webapp.channels.integrations.woocommerce.fields import Payload, Source, rows, text

# Read into columns of their own, or a key that opens the customer's pages of the shop (order_key, cart_hash).
_PERSONAL = re.compile(
    r"(?i)phone|mail|name|address|street|city|postcode|zip|iban|account|birth|gender|(^|_)ip(_|$)|agent|user|"
    r"customer|buyer|payer|(^|_)(tc|tckn|vkn|vat|nip)(_|$)|kimlik|vergi|tax_(number|office)|card|(^|_)bin(_|$)|"
    r"token|secret|key|hash|"
    r"password|session|cookie|note|source_id|payment_method_id"
)
LONGEST = 500


def read_remainder(source: Source) -> dict[str, Any]:
    """The rest of an order as plain JSON; empty entries are left out."""
    payload = source.payload
    kept: dict[str, Any] = {
        "parent_id": text(payload.get("parent_id") or "", 40),
        "created_via": text(payload.get("created_via"), LONGEST),
        "shop_version": text(payload.get("version"), 40),
        "prices_include_tax": payload.get("prices_include_tax") is True,
        "date_completed": text(payload.get("date_completed_gmt") or payload.get("date_completed"), 40),
        "discount_total": text(payload.get("discount_total"), 40),
        "discount_tax": text(payload.get("discount_tax"), 40),
        "total_tax": text(payload.get("total_tax"), 40),
        "coupons": [_coupon(coupon) for coupon in rows(payload, "coupon_lines")],
        "shipping_lines": [_shipping(line) for line in rows(payload, "shipping_lines")],
        "tax_lines": [_tax(line) for line in rows(payload, "tax_lines")],
        "meta": _entries(source),
        "country": _odd_country(source),
    }
    return {name: value for name, value in kept.items() if value or value is False}


def _coupon(coupon: Payload) -> dict[str, Any]:
    return {"code": text(coupon.get("code"), 120), "discount": str(coupon.get("discount") or "0")}


def _shipping(line: Payload) -> dict[str, Any]:
    names = ("method_id", "instance_id", "total", "total_tax")
    return {
        "title": text(line.get("method_title"), 200),
        **{name: text(line.get(name), 120) for name in names},
    }


def _tax(line: Payload) -> dict[str, Any]:
    names = ("label", "rate_percent", "tax_total", "shipping_tax_total")
    return {"compound": line.get("compound") is True, **{name: text(line.get(name), 120) for name in names}}


# What we have written there ourselves says nothing new.
OURS = "_kontor_"


def _entries(source: Source) -> dict[str, Any]:
    """Meta entries with a plain value whose key speaks of no person and no secret."""
    return {
        key[:120]: text(value, LONGEST)
        for key, value in sorted(source.meta.items())
        if isinstance(value, str | int | Decimal) and not key.startswith(OURS) and not _is_personal(key)
    }


@lru_cache(maxsize=10_000)
def _is_personal(key: str) -> bool:
    return _PERSONAL.search(key) is not None


def _odd_country(source: Source) -> dict[str, str]:
    """Countries that are no ISO code, which the addresses cannot hold."""
    sides = {"billing": source.billing, "shipping": source.shipping}
    found = {side: text(given.get("country"), 60) for side, given in sides.items()}
    return {side: country for side, country in found.items() if country and len(country) != 2}
