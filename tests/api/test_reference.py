"""The reference's three examples, key for key and type for type; what we add is listed and nothing else is there."""

import re
from decimal import Decimal
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from tests.api.programs import program
from tests.cancelling import Counter
from tests.order_drafts import draft, line, make_channel, write
from webapp.orders.enums import CancelStatus, OrderStatus
from webapp.orders.serializers import ADDED_ITEM_FIELDS, ADDED_ORDER_FIELDS

# "GET All Orders", as the reference prints it.
LISTED: dict[str, Any] = {
    "pk": 34,
    "number": "7cf135a8056542e",
    "channel": 1,
    "status": "400",
    "date_placed": "2017-02-02T16:04:07.574254Z",
    "customer": 1106,
    "shipping_address": 30,
    "billing_address": 30,
    "currency": "try",
    "amount": "19.62",
    "shipping_amount": "8.50",
    "shipping_tax_rate": None,
    "extra_field": {"cargo_line_id": "6d53c809-c55c-49e6-8e88-a70f00ef9d01"},
    "payment_option": 2,
    "payment_option_slug": "credit_card",
    "bin_number": "454360",
    "installment": 22,
    "installment_count": 1,
    "installment_interest_amount": "0.00",
    "cargo_company": 1,
    "invoice_number": None,
    "invoice_date": None,
    "e_archive_url": None,
    "refund_amount": "0.00",
    "discount_refund_amount": "0.00",
    "shipping_refund_amount": "0.00",
    "discount_amount": "0.00",
    "is_send": True,
    "net_shipping_amount": 8.5,
    "shipping_interest_amount": "0.00",
    "tracking_number": None,
    "carrier_shipping_code": None,
    "remote_addr": None,
    "fundstransfertransaction_set": [],
    "has_gift_box": False,
    "gift_box_note": None,
    "external_status": None,
    "client_type": "default",
    "language_code": None,
    "notes": None,
    "delivery_range": None,
    "shipping_option_slug": None,
    "segment": None,
}
# "GET Order By Order Number" prints the same fields and this one.
BY_NUMBER = {
    **LISTED,
    "net_shipping_amount": 0,
    "remote_addr": "213.194.76.106",
    "modified_date": "2021-09-15T11:07:47.931518Z",
}
# "POST Update Cancel Status": its braces in quotes ("{..}") stand for objects.
ITEM: dict[str, Any] = {
    "pk": 221,
    "order": 111,
    "product": {},
    "status": "400",
    "price_currency": "try",
    "price": "127.98",
    "tax_rate": "8.00",
    "extra_field": {},
    "price_list": {},
    "stock_list": {},
    "invoice_number": None,
    "invoice_date": None,
    "e_archive_url": None,
    "cancel_status": "manuel_refund_need",
    "status_display": "approved",
    "installment_interest_amount": "0.00",
    "net_amount": "127.98",
    "tracking_number": None,
    "shipping_company": None,
    "discount_amount": "0.00",
    "shipment_code": None,
    "benefitapplicant_set": [],
    "external_status": None,
    "retail_price": "319.96",
    "attributes": {},
    "attributes_kwargs": {},
    "tracking_url": None,
    "image": None,
    "parent": None,
    "data_source": None,
    "estimated_delivery_date": None,
}
DETAIL: dict[str, Any] = {
    **LISTED,
    "channel": {},
    "customer": {},
    "shipping_address": {},
    "billing_address": {},
    "payment_option": {},
    "installment": {},
    "cargo_company": {},
    "orderitem_set": [ITEM],
    "discountitem_set": [],
    "transaction_set": [],
    "cancellation_info": {},
    "status_display": "approved",
    "cancel_status": "manuel_refund_need",
    "tracking_url": None,
    "payondeliverytransaction_set": [],
    "loyaltytransaction_set": [],
    "bextransaction_set": [],
    "cancellationplan_set": [],
    "cashregistertransaction_set": [],
}
# The list has them beside the reference's; the reference prints some of them in the detail alone.
ADDED_IN_LIST = {*ADDED_ORDER_FIELDS, "cancel_status", "cancellation_info", "status_display", "tracking_url"}
AMOUNT = re.compile(r"-?\d+\.\d{2}")
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{6})?Z")


def same_kind(ours: Any, theirs: Any, name: str) -> bool:
    """Whether a value is of the reference's kind; where it prints null, or we have none, either may be null."""
    if theirs is None or ours is None:
        return theirs is None or name not in REQUIRED
    if isinstance(theirs, bool) or isinstance(ours, bool):
        return isinstance(theirs, bool) and isinstance(ours, bool)
    if name == "net_shipping_amount":
        return isinstance(ours, int | float)
    if isinstance(theirs, str) and AMOUNT.fullmatch(theirs):
        return isinstance(ours, str) and AMOUNT.fullmatch(ours) is not None
    if isinstance(theirs, str) and MOMENT.fullmatch(theirs):
        return isinstance(ours, str) and MOMENT.fullmatch(ours) is not None
    return type(ours) is type(theirs)


REQUIRED = {
    "pk",
    "number",
    "channel",
    "status",
    "date_placed",
    "customer",
    "currency",
    "amount",
    "net_shipping_amount",
}


def assert_as_reference(ours: dict[str, Any], theirs: dict[str, Any], added: set[str]) -> None:
    assert theirs.keys() - ours.keys() == set()
    assert ours.keys() - theirs.keys() - added == set()
    wrong = {
        name: (ours[name], theirs[name]) for name in theirs if not same_kind(ours[name], theirs[name], name)
    }
    assert wrong == {}


def test_all_orders_when_listed_then_the_references_first_example(app: Flask, session: Session) -> None:
    full = draft(
        "7cf135a8056542e",
        items=(line("1", "11.12"),),
        shipping_amount=Decimal("8.50"),
        bin_number="454360",
        extra_field={"cargo_line_id": "6d53c809-c55c-49e6-8e88-a70f00ef9d01"},
        payment_option_slug="credit_card",
    )
    write(make_channel(session), full, draft("2"))

    answer = program(app).get("/orders/?page_size=1").json

    assert set(answer) == {"count", "next", "previous", "results", "count_is_estimate"}
    assert (answer["count"], answer["previous"]) == (2, None)
    assert answer["next"] == "http://localhost/api/v1/orders/?page_size=1&page=2"
    row = program(app).get("/orders/?number__exact=7cf135a8056542e").json["results"][0]
    assert_as_reference(row, LISTED, ADDED_IN_LIST)
    exact = (
        "number",
        "status",
        "currency",
        "amount",
        "shipping_amount",
        "net_shipping_amount",
        "bin_number",
        "extra_field",
        "payment_option_slug",
        "client_type",
    )
    assert {name: row[name] for name in exact} == {name: LISTED[name] for name in exact}


def test_orders_when_asked_for_by_number_then_the_references_second_example(
    app: Flask, session: Session
) -> None:
    shop = make_channel(session)
    write(
        shop,
        draft("1222078610011628", remote_addr="213.194.76.106", language_code="tr-tr"),
        draft("1186104634112903"),
    )

    answer = program(app).get("/orders/?number=8610").json

    assert (answer["count"], answer["next"], answer["previous"]) == (2, None, None)
    for row in answer["results"]:
        assert_as_reference(row, BY_NUMBER, ADDED_IN_LIST)
    row = next(row for row in answer["results"] if row["number"] == "1222078610011628")
    assert (row["remote_addr"], row["language_code"], row["net_shipping_amount"]) == (
        "213.194.76.106",
        "tr-tr",
        0,
    )


def test_a_cancel_status_when_updated_then_the_references_third_example(app: Flask, session: Session) -> None:
    counter = Counter.open(session)
    order_id = counter.order("60.00", "40.00")
    counter.cancel(order_id)
    items = [row["pk"] for row in program(app).get(f"/orders/{order_id}/").json["orderitem_set"]]
    sent = {"order": order_id, "order_items": items, "cancel_status": "confirmation_waiting"}

    for spelled in ("update_cancel_status", "update_cance_status"):
        answer = program(app).post(f"/orders/{order_id}/{spelled}/", sent)
        assert answer.status_code == 200, answer.json
        sent["cancel_status"] = "confirmed"

    detail = answer.json
    assert_as_reference(detail, DETAIL, set(ADDED_ORDER_FIELDS))
    for row in detail["orderitem_set"]:
        assert_as_reference(row, ITEM, set(ADDED_ITEM_FIELDS))
    assert [row["cancel_status"] for row in detail["orderitem_set"]] == ["confirmed", "confirmed"]
    assert (detail["cancel_status"], detail["status"]) == ("confirmed", "50")
    assert detail["status_display"] == OrderStatus.CANCELLATION_WAITING.slug


def test_cancel_statuses_when_spelled_then_as_the_reference_spells_them() -> None:
    assert {status.value for status in CancelStatus} == {
        "waiting",
        "confirmation_waiting",
        "confirmed",
        "approved",
        "rejected",
        "waiting_for_payment",
        "manuel_refund_need",
        "completed",
    }
