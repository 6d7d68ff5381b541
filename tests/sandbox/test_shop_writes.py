"""Changes at the shop, and which of them move `date_modified`."""

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.running import ShopServer


@pytest.fixture
def order(shop: ShopServer) -> dict[str, Any]:
    """A paid German order of a quarter of an hour ago, so that a new stamp can be told from the old one."""
    return shop.place(
        country="DE", status="processing", payment_method="stripe", items=2, coupon=False, age_days=0.01
    )


@pytest.mark.parametrize(
    "change",
    [
        {"billing": {"city": "Bremen"}},
        {"meta_data": [{"key": "_kontor", "value": "1"}]},
        {"customer_note": "Ring twice"},
    ],
)
def test_change_when_no_status_is_given_then_date_modified_stays(
    shop: ShopServer, order: dict[str, Any], change: dict[str, Any]
) -> None:
    changed = shop.api("PUT", f"/orders/{order['id']}", change).json()

    assert changed["date_modified_gmt"] == order["date_modified_gmt"]
    assert changed != order


def test_status_when_changed_then_date_modified_moves(shop: ShopServer, order: dict[str, Any]) -> None:
    changed = shop.api("PUT", f"/orders/{order['id']}", {"status": "completed"}).json()

    assert changed["status"] == "completed"
    assert changed["date_modified_gmt"] > order["date_modified_gmt"]
    assert changed["date_completed_gmt"] == changed["date_modified_gmt"]


def test_status_when_unknown_then_400_and_nothing_moved(shop: ShopServer, order: dict[str, Any]) -> None:
    answer = shop.api("PUT", f"/orders/{order['id']}", {"status": "sent"})

    assert (answer.status_code, answer.json()["code"]) == (400, "rest_invalid_param")
    assert shop.api("GET", f"/orders/{order['id']}").json() == order


def test_address_when_partly_given_then_the_rest_stays(shop: ShopServer, order: dict[str, Any]) -> None:
    changed = shop.api("PUT", f"/orders/{order['id']}", {"shipping": {"city": "Bremen"}}).json()

    assert changed["shipping"] == {**order["shipping"], "city": "Bremen"}


def test_line_when_quantity_is_0_then_it_is_gone_and_the_total_follows(
    shop: ShopServer, order: dict[str, Any]
) -> None:
    gone, kept = order["line_items"]

    edit = {"line_items": [{"id": gone["id"], "quantity": 0}]}
    changed = shop.api("PUT", f"/orders/{order['id']}", edit).json()

    assert [line["id"] for line in changed["line_items"]] == [kept["id"]]
    parts = [*changed["line_items"], *changed["shipping_lines"], *changed["fee_lines"]]
    paid = sum(Decimal(part["total"]) + Decimal(part["total_tax"]) for part in parts)
    assert Decimal(changed["total"]) == paid


def test_note_when_added_then_it_is_listed_and_date_modified_stays(
    shop: ShopServer, order: dict[str, Any]
) -> None:
    added = shop.api("POST", f"/orders/{order['id']}/notes", {"note": "Sent", "customer_note": True})

    assert added.status_code == 201
    assert [note["note"] for note in shop.api("GET", f"/orders/{order['id']}/notes").json()] == ["Sent"]
    after = shop.api("GET", f"/orders/{order['id']}").json()
    assert after["date_modified_gmt"] == order["date_modified_gmt"]


def test_touch_when_silent_then_the_order_differs_but_not_its_stamp(
    shop: ShopServer, order: dict[str, Any]
) -> None:
    shop.control("POST", f"orders/{order['id']}/touch")

    touched = shop.api("GET", f"/orders/{order['id']}").json()
    assert touched["date_modified_gmt"] == order["date_modified_gmt"]
    assert touched["shipping"] != order["shipping"]


def test_order_when_created_with_a_sku_then_it_is_priced(shop: ShopServer) -> None:
    wanted = {
        "status": "processing",
        "line_items": [{"sku": "SOA-OLV-3", "quantity": 2}],
        "shipping_lines": [{"method_title": "Post", "total": "4.00"}],
    }

    created = shop.api("POST", "/orders", wanted)

    assert created.status_code == 201
    assert created.json()["total"] == "23.98"
    assert created.json()["created_via"] == "rest-api"


def test_batch_when_one_is_unknown_then_the_others_are_done(shop: ShopServer, order: dict[str, Any]) -> None:
    wanted = {"update": [{"id": order["id"], "status": "completed"}, {"id": 999999, "status": "completed"}]}

    done, refused = shop.api("POST", "/orders/batch", wanted).json()["update"]

    assert done["status"] == "completed"
    assert refused["error"]["code"] == "woocommerce_rest_shop_order_invalid_id"


def test_batch_when_more_than_a_hundred_then_413(shop: ShopServer) -> None:
    wanted = {"update": [{"id": 1}] * 101}

    assert shop.api("POST", "/orders/batch", wanted).status_code == 413


def test_delete_when_not_forced_then_the_order_is_in_the_trash(
    shop: ShopServer, order: dict[str, Any]
) -> None:
    assert shop.api("DELETE", f"/orders/{order['id']}").json()["status"] == "trash"
    assert shop.api("DELETE", f"/orders/{order['id']}").status_code == 410
    assert shop.api("DELETE", f"/orders/{order['id']}?force=true").status_code == 200
    assert shop.api("GET", f"/orders/{order['id']}").status_code == 404


@pytest.mark.parametrize(
    ("switch", "path", "body"),
    [
        ("fulfillments", "/wp-json/wc/v3/orders/{id}/fulfillments", {"is_fulfilled": True}),
        (
            "shipment_tracking",
            "/wp-json/wc-shipment-tracking/v3/orders/{id}/shipment-trackings",
            {"tracking_provider": "DHL", "tracking_number": "1234567890"},
        ),
    ],
)
def test_tracking_when_the_feature_is_missing_then_no_route_and_with_it_201(
    shop: ShopServer, order: dict[str, Any], switch: str, path: str, body: dict[str, Any]
) -> None:
    address = shop.url + path.format(id=order["id"])
    missing = shop.api("POST", address, body)
    shop.control("PUT", "settings", {switch: True})

    added, listed = shop.api("POST", address, body), shop.api("GET", address)

    shop.control("PUT", "settings", {switch: False})
    assert (missing.status_code, missing.json()["code"]) == (404, "rest_no_route")
    assert added.status_code == 201
    assert listed.json() == [added.json()]


def test_products_when_asked_by_sku_then_only_those_come(shop: ShopServer) -> None:
    found = shop.api("GET", "/products?sku=SOA-OLV-3,KBD-TRQ-01,NO-SUCH").json()

    assert [product["sku"] for product in found] == ["SOA-OLV-3", "KBD-TRQ-01"]


def test_status_when_unknown_to_the_control_api_then_it_says_which_there_are(shop: ShopServer) -> None:
    with pytest.raises(AssertionError, match="There is no status lost"):
        shop.control("POST", "orders/1001/status", {"status": "lost"})
