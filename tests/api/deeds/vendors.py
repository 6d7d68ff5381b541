"""What a vendor says of its part of an order, by both faces."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.api.deeds.belongings import of_order
from tests.api.deeds.stage import About, Deed, Stage, about, two_orders
from tests.order_drafts import line
from webapp.catalog.models import Product
from webapp.channels.models import DataSource
from webapp.core.db import db, unit_of_work
from webapp.orders.models import VendorOrder


def two_supplied_orders(stage: Stage, _fields: Mapping[str, Any]) -> tuple[int, int]:
    """One item of each is a vendor's."""
    with unit_of_work() as unit:
        vera = DataSource(slug="vera", name="Vera")
        unit.add(vera)
        unit.flush()
        unit.add(Product(sku="V-1", name="Vase", data_source_id=vera.id))
    return two_orders(stage, {"items": (line("1", "60.00"), line("2", "40.00", sku="V-1"))})


def _part(order_id: int) -> VendorOrder:
    db.session.rollback()
    return db.session.scalars(select(VendorOrder).where(VendorOrder.order_id == order_id)).one()


def _by_page(**words: str) -> Any:
    def page(stage: Stage, order_id: int) -> TestResponse:
        part = _part(order_id)
        ticked = {f"items-{stage.items(order_id)[1]}": "y"}
        return stage.form(order_id, f"vendors/{part.id}", **{**ticked, **words, "version": str(part.version)})

    return page


def _status(status: str) -> Any:
    return lambda stage, order_id: stage.program.patch(
        f"/vendor_orders/{_part(order_id).id}/", {"status": status}
    )


def _parcel(number: str) -> Any:
    return lambda stage, order_id: stage.program.post(
        f"/vendor_orders/{_part(order_id).id}/send_shipping_info/", {"tracking_number": number}
    )


def _shipped(stage: Stage, order_id: int) -> None:
    _status("500")(stage, order_id)


VENDORS = about(
    About(two_supplied_orders, of_order),
    Deed(
        "write down where a vendor's items stand",
        "api_vendor_orders.change_vendor_order",
        _by_page(status="450"),
        _status("450"),
    ),
    Deed(
        "write down where a vendor's items stand, backwards",
        "api_vendor_orders.change_vendor_order",
        _by_page(status="450"),
        _status("450"),
        before=_shipped,
        refused=409,
    ),
    Deed(
        "write down a vendor's parcel",
        "api_vendor_orders.send_shipping_info",
        _by_page(tracking_number="VER-7"),
        _parcel("VER-7"),
    ),
)
