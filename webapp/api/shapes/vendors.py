"""A vendor's part of an order: what a vendor's own system needs to send it, and nothing else of the order."""

from typing import Final

from webapp.api.shapes.kinds import (
    MOMENT,
    PK,
    QUANTITY,
    TEXT,
    Shape,
    maybe,
    page_of,
    pointer,
    record,
    several,
)
from webapp.api.shapes.order import STATUS

_PLACE: Final = record(
    **dict.fromkeys(
        (
            "first_name", "last_name", "company", "line1", "line2", "district", "city", "state", "postcode",
            "country", "phone",
        ),
        TEXT,
    ),
)  # fmt: skip
_LINE: Final = record(
    pk=PK,
    sku=TEXT,
    name=TEXT,
    quantity=QUANTITY,
    status=STATUS,
    status_display=TEXT,
    tracking_number=maybe(TEXT),
    tracking_url=maybe(TEXT),
    cargo_company=pointer("slug", "name"),
)
SHAPES: Final[dict[str, Shape]] = {
    "VendorOrder": record(
        pk=PK,
        number=TEXT,
        order=maybe(PK),
        vendor=record(pk=PK, slug=TEXT, name=TEXT),
        status=STATUS,
        status_display=TEXT,
        created_date=MOMENT,
        modified_date=MOMENT,
        items=several(_LINE),
        shipping_address=_PLACE,
    ),
    "VendorOrderPage": page_of("VendorOrder"),
}
