"""A vendor order as programs read it: its items and where they go; no price, no e-mail, nothing else of the order."""

from typing import Any, Final

from webapp.orders.enums import OrderStatus
from webapp.orders.queries.vendor_orders import VendorRecord
from webapp.orders.serializers import Json, stamp

# Named one by one, not taken from the address: what an address gains is not told to vendors by itself.
_PLACE: Final = (
    "first_name",
    "last_name",
    "company",
    "line1",
    "line2",
    "district",
    "city",
    "state",
    "postcode",
    "country",
    "phone",
)


def vendor_order_json(record: VendorRecord, *, for_vendor: bool) -> Json:
    """The vendor order; a vendor's own system (`for_vendor`) does not learn our number of the order."""
    row, vendor = record.row, record.vendor
    return {
        "pk": row.id,
        "number": row.number,
        "order": None if for_vendor else row.order_id,
        "vendor": {"pk": vendor.id, "slug": vendor.slug, "name": vendor.name},
        **_status(row.status),
        "created_date": stamp(row.created_at),
        "modified_date": stamp(row.modified_at),
        "items": [_line(*line) for line in record.lines],
        "shipping_address": {name: getattr(record.address, name) for name in _PLACE},
    }


def _line(line: Any, item: Any, carrier: Any) -> Json:
    return {
        "pk": item.id,
        "sku": item.sku,
        "name": item.name,
        "quantity": f"{item.quantity.normalize():f}",
        **_status(line.status),
        "tracking_number": line.tracking_number,
        "tracking_url": line.tracking_url,
        "cargo_company": None
        if carrier is None
        else {"pk": carrier.id, "slug": carrier.slug, "name": carrier.name},
    }


def _status(status: int) -> Json:
    return {"status": OrderStatus(status).wire, "status_display": OrderStatus(status).slug}
