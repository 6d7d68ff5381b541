"""Moving, packing, addresses and tracking numbers, by both faces."""

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from werkzeug.test import TestResponse

from tests.api.deeds.stage import Ask, Deed, Stage
from tests.order_drafts import line
from tests.uploading import csv_of
from webapp.catalog.models import Product, StockList
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.orders.models import Order, OrderItem
from webapp.orders.service import OrderService
from webapp.orders.service.stock import add_reservations

_MOVING, _ADDRESS = "api_order_moving", "api_order_addresses"
PICKUP = {"delivery_type": "store_pickup"}
TWO_ROWS = {"items": (line("1", "90.00", quantity=3), line("2", "10.00"))}


def accepted(stage: Stage, order_id: int) -> None:
    with unit_of_work() as unit:
        OrderService(unit).accept_in_store(unit.get_one(Order, order_id), stage.counter.supervisor)


def delivered(stage: Stage, order_id: int) -> None:
    answer = moved_page(550)(stage, order_id)
    assert answer.status_code == 204, answer.text


def moved_page(target: int, **words: str) -> Ask:
    return lambda stage, order_id: stage.form(
        order_id,
        "move",
        status=str(target),
        **{f"items-{item}": "y" for item in stage.items(order_id)},
        **words,
    )


def moved(target: int, **words: str) -> dict[str, Any]:
    return {
        "endpoint": f"{_MOVING}.change_order_status",
        "page": moved_page(target, **words),
        "api": lambda stage, order_id: stage.program.patch(
            f"/orders/{order_id}/change_order_status/", {"status": str(target), **words}
        ),
    }


def items_moved(target: int) -> dict[str, Any]:
    """Its first item alone."""
    return {
        "endpoint": "api_order_items.bulk_status_update",
        "page": lambda stage, order_id: stage.form(
            order_id, "move", status=str(target), **{f"items-{stage.items(order_id)[0]}": "y"}
        ),
        "api": lambda stage, order_id: stage.program.post(
            "/order_items/bulk_status_update/",
            {"order_items": stage.items(order_id)[:1], "status": str(target)},
        ),
    }


def named(slug: str, endpoint: str) -> dict[str, Any]:
    return {
        "endpoint": f"{_MOVING}.{endpoint}",
        "page": lambda stage, order_id: stage.form(order_id, f"deeds/{slug}"),
        "api": lambda stage, order_id: stage.post(order_id, slug),
    }


def packed(*parcels: tuple[tuple[str, str], str], left: bool = False) -> dict[str, Any]:
    """Parcels of so many units of the first and second item, with a number each."""

    def page(stage: Stage, order_id: int) -> TestResponse:
        form: dict[str, Any] = {"parcels": len(parcels)}
        for at, (quantities, number) in enumerate(parcels, start=1):
            form |= {f"cargo_company-{at}": "", f"tracking_number-{at}": number}
            form |= {f"has_left-{at}": "y"} if left else {}
            for item, quantity in zip(stage.items(order_id), quantities, strict=True):
                form[f"quantity-{item}-{at}"] = quantity
        return stage.form(order_id, "pack", **form)

    def api(stage: Stage, order_id: int) -> TestResponse:
        items = stage.items(order_id)
        body = [
            {
                "contents": [
                    {"order_item": item, "quantity": quantity}
                    for item, quantity in zip(items, quantities, strict=True)
                    if quantity != "0"
                ],
                "tracking_number": number,
                "has_left": left,
            }
            for quantities, number in parcels
        ]
        return stage.post(order_id, "split_packages", packages=body)

    return {"endpoint": f"{_MOVING}.split_order_packages", "page": page, "api": api, "fields": TWO_ROWS}


ADDRESS = {
    "email": "elif@example.com",
    "first_name": "Elif",
    "last_name": "Koç",
    "line1": "Bağdat Cad. 1",
    "district": "Kadıköy",
    "postcode": "34710",
}


def addressed(side: str, **wrong: str) -> dict[str, Any]:
    return {
        "endpoint": f"{_ADDRESS}.change_{side}_address",
        "page": lambda stage, order_id: stage.form(
            order_id, f"addresses/{side}/edit", **{**ADDRESS, "province": "İstanbul", **wrong}
        ),
        "api": lambda stage, order_id: stage.post(
            order_id,
            f"change_{side}_address",
            **{**ADDRESS, "city": "İstanbul", "country": "TR", **wrong},
        ),
    }


def with_product(**columns: Any) -> Callable[[Stage, int], None]:
    """Its item is a product of ours, reserved in the first of two stock lists."""

    def before(stage: Stage, order_id: int) -> None:
        items = stage.items(order_id)
        with unit_of_work() as unit:
            for at in (1, 2):
                if unit.get(StockList, at) is None:
                    unit.add(StockList(id=at, code=f"list-{at}", name=f"List {at}"))
            if unit.get(Product, 7) is None:
                unit.add(Product(id=7, sku="SKU-1", name="Product 1"))
            unit.flush()
            for item_id in items:
                item = unit.get_one(OrderItem, item_id)
                item.product_id, item.stock_list_id = 7, 1
                for name, value in columns.items():
                    setattr(item, name, value)
            add_reservations(unit, {} if columns else {(7, 1): Decimal(len(items))})

    return before


def mapped(stock_list: int | None) -> dict[str, Any]:
    return {
        "endpoint": f"{_MOVING}.map_order_item",
        "page": lambda stage, order_id: stage.form(
            order_id, f"items/{stage.items(order_id)[0]}/stock", stock_list=str(stock_list or "none")
        ),
        "api": lambda stage, order_id: stage.post(
            order_id, "create_mapping", order_item=stage.items(order_id)[0], stock_list=stock_list
        ),
    }


def _sheet(order_id: int) -> dict[str, Any]:
    order = db.session.get(Order, order_id)
    assert order is not None
    rows = [("Order number", "Tracking number"), (order.number, "TRK-77"), ("nobody's", "TRK-78")]
    return {"file": (io.BytesIO(csv_of(rows)), "parcels.csv")}


def uploaded_page(stage: Stage, order_id: int) -> TestResponse:
    """Handed in, looked at by a worker, applied by a button."""
    data = {"csrf_token": stage.browser.token, **_sheet(order_id)}
    answer = stage.browser.post("/tracking/", data=data, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    drain("files")
    return stage.press(f"{answer.headers['Location']}/apply")


def uploaded_api(stage: Stage, order_id: int) -> TestResponse:
    """Handed in; the rest is a worker's."""
    return stage.program.open(
        "POST",
        "/orders/bulk_tracking_number_update/",
        data=_sheet(order_id),
        content_type="multipart/form-data",
    )


_UPLOAD = "api_tracking.bulk_tracking_number_update"
MOVING = [
    Deed("move", **moved(450)),
    Deed("move with the warehouse", **moved(500)),
    Deed("move back without saying why", **moved(500), before=delivered, refused=409),
    Deed("move one item", **items_moved(450), fields=TWO_ROWS),
    Deed(
        "move one item that is delivered", **items_moved(450), fields=TWO_ROWS, before=delivered, refused=409
    ),
    Deed("accept in store", **named("accept_in_store", "accept_order_in_store"), fields=PICKUP),
    Deed("accept in store what is sent", **named("accept_in_store", "accept_order_in_store"), refused=409),
    Deed(
        "deliver in store",
        **named("deliver_in_store", "deliver_order_in_store"),
        fields=PICKUP,
        before=accepted,
    ),
    Deed(
        "deliver in store too early",
        **named("deliver_in_store", "deliver_order_in_store"),
        fields=PICKUP,
        refused=409,
    ),
    Deed("mark as not sent", **named("mark_as_not_sent", "mark_order_as_not_sent")),
    Deed(
        "mark as not sent what has arrived",
        **named("mark_as_not_sent", "mark_order_as_not_sent"),
        before=delivered,
        refused=409,
    ),
    Deed("pack into one parcel", **packed((("3", "1"), "TRK-1"))),
    Deed("pack into two parcels and split an item", **packed((("2", "1"), "TRK-1"), (("1", "0"), "TRK-2"))),
    Deed("pack and send", **packed((("3", "1"), "TRK-1"), left=True)),
    Deed("pack more than there is", **packed((("4", "1"), "TRK-1")), refused=422),
    Deed("let stock go", **mapped(None), before=with_product()),
    Deed("reserve in another list", **mapped(2), before=with_product()),
    Deed("reserve what reserves nothing", **mapped(2), before=with_product(stock_list_id=None)),
    Deed(
        "let go of what is reserved nowhere",
        **mapped(None),
        before=with_product(stock_list_id=None),
        refused=409,
    ),
    Deed("change the shipping address", **addressed("shipping")),
    Deed("change the billing address", **addressed("billing")),
    Deed("change to no address", **addressed("shipping", line1=""), refused=422),
    Deed("bill to no address", **addressed("billing", line1=""), refused=422),
    Deed("upload tracking numbers", _UPLOAD, uploaded_page, uploaded_api, after=lambda: drain("files")),
    Deed(
        "upload tracking numbers of what is delivered",
        _UPLOAD,
        uploaded_page,
        uploaded_api,
        before=delivered,
        after=lambda: drain("files"),
    ),
]
