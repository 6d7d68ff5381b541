"""Notes, tags, assignments, messages to channels, changes of addresses, errands and entries of attention, by both faces."""

import uuid
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import select, text
from werkzeug.test import TestResponse

from tests.api.deeds.belongings import of
from tests.api.deeds.moving import addressed, uploaded_api
from tests.api.deeds.stage import About, Ask, Deed, Stage, about, two_orders
from webapp.cargo.models import CargoAccount, CargoCompany
from webapp.catalog.models import Product, ProductStock, StockList
from webapp.channels.models import Channel
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.orders.models import (
    AddressChange,
    Attention,
    IntegrationAction,
    Order,
    OrderAssignment,
    OrderItem,
    Tag,
    TrackingUpload,
)
from webapp.orders.service.tags import change_tags


def _newest(model: Any, order_id: int) -> int:
    db.session.rollback()
    query = select(model.id).where(model.order_id == order_id).order_by(model.id.desc()).limit(1)
    return int(db.session.scalars(query).one())


def asked_of_the_channel(stage: Stage, order_id: int) -> None:
    """Its channel owns addresses: a new one waits until the channel has taken it."""
    with unit_of_work() as unit:
        unit.get_one(Channel, stage.counter.desk.channel.id).address_ownership = "owner"
    answer = cast(Ask, addressed("shipping")["api"])(stage, order_id)
    assert answer.status_code == 202, answer.text


def told_already(stage: Stage, order_id: int) -> None:
    asked_of_the_channel(stage, order_id)
    with unit_of_work() as unit:
        unit.execute(text("UPDATE integration_action SET began_at = now(), attempts = 1"))


def withdrawn() -> dict[str, Any]:
    def page(stage: Stage, order_id: int) -> TestResponse:
        return stage.form(order_id, f"addresses/changes/{_newest(AddressChange, order_id)}/withdraw")

    def api(stage: Stage, order_id: int) -> TestResponse:
        change = _newest(AddressChange, order_id)
        return stage.post(order_id, "withdraw_address_change", address_change=change)

    return {"endpoint": "api_order_addresses.withdraw_address_change", "page": page, "api": api}


def given_up(stage: Stage, order_id: int) -> None:
    """The channel did not take a tracking number."""
    with unit_of_work() as unit:
        unit.add(
            IntegrationAction(
                channel_id=stage.counter.desk.channel.id, order_id=order_id, kind="tracking", state="given_up", args={}
            )
        )  # fmt: skip


def sent(stage: Stage, order_id: int) -> None:
    given_up(stage, order_id)
    with unit_of_work() as unit:
        unit.execute(text("UPDATE integration_action SET state = 'sent'"))


def on_message(endpoint: str, page: str) -> dict[str, Any]:
    def by_page(stage: Stage, order_id: int) -> TestResponse:
        return stage.form(order_id, f"told/{_newest(IntegrationAction, order_id)}/{page}")

    def by_api(stage: Stage, order_id: int) -> TestResponse:
        return stage.program.post(f"/integration_actions/{_newest(IntegrationAction, order_id)}/{endpoint}/")

    return {"endpoint": f"api_integration_actions.{endpoint}", "page": by_page, "api": by_api}


def noted(body: str, **words: str) -> dict[str, Any]:
    def page(stage: Stage, order_id: int) -> TestResponse:
        return stage.form(order_id, "notes", body=body, submission=str(uuid.uuid4()), **words)

    def api(stage: Stage, order_id: int) -> TestResponse:
        return stage.post(order_id, "notes", body=body, **dict.fromkeys(words, True))

    return {"endpoint": "api_teamwork.leave_note", "page": page, "api": api}


def tagged(stage: Stage, order_id: int) -> None:
    """Of three tags the order has the first; the third can no longer be chosen."""
    with unit_of_work() as unit:
        if unit.get(Tag, 1) is None:
            unit.add_all(
                [Tag(id=1, name="Gift"), Tag(id=2, name="Fragile"), Tag(id=3, name="Old", is_active=False)]
            )
            unit.flush()
        change_tags(unit, order_id, stage.person, add=[1])  # fmt: skip


def tags(add: int) -> dict[str, Any]:
    """The first taken off, another put on."""
    return {
        "endpoint": "api_teamwork.change_order_tags",
        "page": lambda stage, order_id: stage.form(order_id, "tags", shown="1", tag=[str(add)]),
        "api": lambda stage, order_id: stage.post(order_id, "change_tags", add=[add], remove=[1]),
    }


def assigned(version: int | None) -> dict[str, Any]:
    def page(stage: Stage, order_id: int) -> TestResponse:
        mine = str(stage.browser.staff_id)
        seen = "" if version is None else str(version)
        return stage.form(order_id, "assign", staff=mine, due_on="2026-12-24", version=seen)

    def api(stage: Stage, order_id: int) -> TestResponse:
        body = {"staff": stage.browser.staff_id, "due_on": "2026-12-24"}
        return stage.post(order_id, "assign", **body, assignment_version=version)

    return {"endpoint": "api_teamwork.assign_order", "page": page, "api": api}


def given_away(stage: Stage, order_id: int) -> None:
    """A colleague has it."""
    with unit_of_work() as unit:
        colleague = stage.counter.agent.staff_id
        unit.add(OrderAssignment(order_id=order_id, staff_id=colleague, assigned_by_id=colleague))


def counted() -> dict[str, Any]:
    return {
        "endpoint": "api_order_moving.count_order_item_stock",
        "page": lambda stage, order_id: stage.form(order_id, f"items/{stage.items(order_id)[0]}/stock/count"),
        "api": lambda stage, order_id: stage.post(
            order_id, "update_order_item_send_stock", order_item=stage.items(order_id)[0]
        ),
    }


def miscounted(stage: Stage, order_id: int) -> None:
    """More of its product is noted as reserved than open orders hold."""
    item_id = stage.items(order_id)[0]
    with unit_of_work() as unit:
        shelf = unit.get(StockList, 1) or StockList(id=1, code="main", name="Main")
        product = Product(sku=f"MUG-{order_id}", name="Mug")
        unit.add_all([shelf, product])
        unit.flush()
        unit.add(ProductStock(product_id=product.id, stock_list_id=1, reserved=99))
        item = unit.get_one(OrderItem, item_id)
        item.product_id, item.stock_list_id = product.id, 1


def connected(stage: Stage, order_id: int) -> None:
    """Its carrier can be asked for labels."""
    with unit_of_work() as unit:
        carrier = unit.scalars(select(CargoCompany)).one_or_none() or CargoCompany(slug="swift", name="Swift")
        unit.add(carrier)
        unit.flush()
        if unit.scalars(select(CargoAccount)).one_or_none() is None:
            url = "https://carrier.example"
            unit.add(CargoAccount(cargo_company_id=carrier.id, account_type="parcel_api", base_url=url))
        unit.get_one(Order, order_id).cargo_company_id = carrier.id


def asked(endpoint: str, page: str, api: str) -> dict[str, Any]:
    return {
        "endpoint": f"api_order_asking.{endpoint}",
        "page": lambda stage, order_id: stage.form(order_id, page),
        "api": lambda stage, order_id: stage.post(order_id, api),
    }


def raised(_stage: Stage, order_id: int) -> None:
    """Somebody must look at it."""
    with unit_of_work() as unit:
        channel = unit.get_one(Order, order_id).channel_id
        unit.add(
            Attention(kind="payment_lowered", order_id=order_id, channel_id=channel, words="Look.", facts={})
        )


def closed(words: str) -> dict[str, Any]:
    def page(stage: Stage, order_id: int) -> TestResponse:
        return stage.press(f"/attention/{_newest(Attention, order_id)}/close", words=words)

    def api(stage: Stage, order_id: int) -> TestResponse:
        return stage.program.post(f"/attention/{_newest(Attention, order_id)}/close/", {"words": words})

    return {"endpoint": "api_attention.close_entry", "page": page, "api": api}


def two_uploads(stage: Stage, fields: Mapping[str, Any]) -> tuple[int, int]:
    """Each has shipped an order."""
    keys = []
    for order_id in two_orders(stage, fields):
        answer = uploaded_api(stage, order_id)
        assert answer.status_code == 202, answer.text
        drain("files")
        keys.append(int(answer.json["id"]))
    return keys[0], keys[1]


def long_ago(_stage: Stage, upload_id: int) -> None:
    with unit_of_work() as unit:
        unit.execute(text("UPDATE tracking_upload SET applied_at = applied_at - interval '3 days'"))


def undone() -> dict[str, Any]:
    def page(stage: Stage, upload_id: int) -> TestResponse:
        version = str(db.session.get_one(TrackingUpload, upload_id).version)
        return stage.press(f"/tracking/{upload_id}/undo", version=version)

    def api(stage: Stage, upload_id: int) -> TestResponse:
        return stage.program.post("/orders/bulk_tracking_number_update_undo/", {"id": upload_id})

    return {"endpoint": "api_tracking.bulk_tracking_number_update_undo", "page": page, "api": api}


_WITHDRAW = withdrawn()
DESK = [
    Deed("take a new address back", **_WITHDRAW, before=asked_of_the_channel),
    Deed("take it back when the channel was told", **_WITHDRAW, before=told_already, refused=409),
    Deed("tell a channel again", **on_message("send_again", "again"), before=given_up),
    Deed("tell a channel again what it knows", **on_message("send_again", "again"), before=sent, refused=409),
    Deed("note that it was done there by hand", **on_message("done_by_hand", "by-hand"), before=given_up),
    Deed(
        "note by hand what the channel knows",
        **on_message("done_by_hand", "by-hand"),
        before=sent,
        refused=409,
    ),
    Deed("leave a note", **noted("Called, will wait.")),
    Deed("leave a note that must be read", **noted("Ask @Deniz Arslan first.", must_read="y")),
    Deed("change tags", **tags(2), before=tagged),
    Deed("put on a tag that is switched off", **tags(3), before=tagged, refused=422),
    Deed("give an order to somebody", **assigned(0)),
    Deed("take an order from a colleague", **assigned(None), before=given_away),
    Deed("give an order away that a colleague has taken", **assigned(0), before=given_away, refused=409),
    Deed("count stock anew", **counted(), before=miscounted),
    Deed("count stock of an item without a list", **counted(), refused=409),
    Deed("read an order anew", **asked("refresh_order", "refresh", "refresh")),
    Deed("ask the bank for its payments", **asked("ask_payment_history", "payment-history", "payment_history")),
    Deed("ask for a label", **asked("issue_label", "labels", "issue_label"), before=connected),
    Deed("ask a carrier that is not connected", **asked("issue_label", "labels", "issue_label"), refused=409),
    Deed("close an entry", **closed("Asked the shop."), before=raised),
    Deed("close an entry without words", **closed(" "), before=raised, refused=422),
    *about(
        About(two_uploads, lambda key: of("tracking_upload", key, tracking_upload="id", tracking_row="upload_id")),
        Deed("take an upload back", **undone(), after=lambda: drain("files")),
        Deed("take an upload back too late", **undone(), before=long_ago, refused=409),
    ),
]  # fmt: skip
