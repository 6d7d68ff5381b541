"""An unread note that must be read holds up whatever a person does to its order, at every page and through the API.

The application's own map is walked: a route that changes something is done here to such an order, or stands on the
table with the reason why it is not held up.
"""

import io
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.api.programs import Program, make_token
from tests.back_room import StaffClient, at_desk
from tests.cancel_desk import items_of_order, order_now
from tests.cancelling import GOOD_IBAN, Counter, card, plans_of, refunds_of
from tests.faces.test_security_headers import UNSAFE
from tests.factories import make_note
from tests.order_drafts import draft, line, with_status, write
from tests.uploading import csv_of, upload_now
from webapp.auth.models import StaffUser
from webapp.cargo.models import CargoAccount, CargoCompany
from webapp.catalog.models import Product, ProductStock, StockList
from webapp.channels.models import DataSource
from webapp.core.db import db, unit_of_work
from webapp.core.hints import drain
from webapp.core.worklist import OperationItem
from webapp.orders.enums import OrderStatus, PlanKind, RefundWay
from webapp.orders.inputs import MoveItems
from webapp.orders.models import (
    CancellationRequest,
    IntegrationAction,
    NoteReader,
    Order,
    OrderItem,
    OrderNote,
    TrackingRow,
    TrackingUpload,
    VendorOrder,
)
from webapp.orders.service.moving import move_items
from webapp.payments.models import Refund, TransferBatch

HTMX: Final = {"HX-Request": "true"}
TOLD: Final = "must be read first"
# Whole faces that change no order.
NO_ORDERS: Final = {
    "api_webhooks": "who is told of events",
    "approval_limits": "a setting",
    "auth": "one's own account",
    "carriers": "how carriers are reached",
    "channel_webhooks": "the channel speaks",
    "gateway_webhooks": "the bank speaks",
    "mentions": "reading the notes themselves",
    "second_step": "one's own sign-in",
    "tokens": "one's own tokens",
    "webhooks": "who is told of events",
    **dict.fromkeys(
        (
            "cancellation_reasons",
            "cargo_companies",
            "data_sources",
            "installments",
            "mappings",
            "payment_options",
            "price_lists",
            "products",
            "staff",
            "stock_lists",
            "tags",
        ),
        "reference data",
    ),
}
# Routes of the desk that are not held up.
FREE: Final = {
    "api_channels.pull_channel": "the channel speaks",
    "api_channels.replay_channel": "the channel speaks",
    "api_operations.retry": "work that was asked for already; it asks again, order by order",
    "api_orders.create_order": "there is no note yet",
    "api_attention.close_entry": "takes an entry off a list; the order stays as it is",
    "api_order_asking.ask_payment_history": "asks the bank",
    "api_order_asking.refresh_order": "the channel speaks",
    "api_order_moving.count_order_item_stock": "counts what open orders hold of a product; no order changes",
    "api_refunds.check_refund": "asks the bank",
    "api_teamwork.assign_order": "who looks after an order is no act upon it",
    "api_teamwork.change_order_tags": "a word beside the order",
    "api_teamwork.leave_note": "a note is how colleagues speak, also about a note",
    "attention.close": "takes an entry off a list; the order stays as it is",
    "cancellations.ask_approve": "only asks",
    "cancellations.ask_reject": "only asks",
    **dict.fromkeys(
        (
            "channels.apply_backfill",
            "channels.mend",
            "channels.pull",
            "channels.replay",
            "channels.reread",
            "channels.start_backfill",
            "orders.pull",
            "orders.refresh",
            "orders.refresh_chosen",
        ),
        "the channel speaks",
    ),
    **dict.fromkeys(
        ("channels.check", "channels.create", "channels.make_products", "channels.mean", "channels.save"),
        "the channel's own settings",
    ),
    "finance.close_difference": "says what a difference was; the order stays as it is",
    "finance.close_transfers": "the bank has carried it out; gathering it has asked",
    "finance.download_file": "the same file again",
    "finance.export": "what was gathered; gathering it has asked",
    "finance.reconcile_now": "compares with the bank",
    "finance.remove": "the transfer waits as before",
    "operations.retry": "work that was asked for already; it asks again, order by order",
    **dict.fromkeys(
        (
            "orders.ask_assign_many",
            "orders.ask_cancel_many",
            "orders.ask_move_many",
            "orders.ask_tag_many",
            "orders.offer_move",
            "orders.one_more_parcel",
            "orders.preview_cancel",
        ),
        "only asks",
    ),
    "orders.ask_payment_history": "asks the bank",
    "orders.check_refund": "asks the bank",
    "orders.count_stock": "counts what open orders hold of a product; no order changes",
    "orders.choose_columns": "one's own list",
    "orders.export": "reads",
    "orders.print_chosen": "reads",
    "orders.post_assign": "who looks after an order is no act upon it",
    "orders.post_assign_many": "who looks after an order is no act upon it",
    "orders.post_note": "a note is how colleagues speak, also about a note",
    "orders.confirm_notes": "this is the way out",
    "orders.post_tags": "a word beside the order",
    "orders.post_tag_many": "a word beside the order",
    "orders.post_view": "a saved list",
    "orders.post_view_change": "a saved list",
    "orders.post_view_delete": "a saved list",
    "orders.post_view_move": "a saved list",
    "tracking.check_again": "only judges",
    "tracking.choose_columns": "only judges",
    "tracking.hand_in": "only judges",
}


@dataclass
class World:
    """A desk, one order with a note that the person at the page (and behind the program) has not read."""

    counter: Counter
    browser: StaffClient
    program: Program
    order_id: int = 0

    @property
    def items(self) -> list[int]:
        """The order's items."""
        return [item.id for item in items_of_order(self.order_id)]

    @property
    def refund(self) -> Refund:
        """The order's only refund."""
        return refunds_of(self.order_id)[0]

    def cancel(self, **wishes: Any) -> None:
        """A colleague has opened a plan."""
        self.counter.cancel(self.order_id, **wishes)

    def approve(self) -> None:
        """A colleague has opened and approved a plan whose money goes back by transfer."""
        self.cancel(ibans=(GOOD_IBAN,), holder_names=("Elif Koç",))
        self.counter.approve(self.order_id)
        with unit_of_work() as unit:
            unit.execute(
                update(Refund).values(
                    way=RefundWay.TRANSFER.value,
                    state="manual",
                    gateway=None,
                    payee_id=text("(SELECT max(id) FROM payee)"),
                )
            )

    def form(self, path: str, **fields: Any) -> TestResponse:
        """Send a form of the order's page, or one at a full path."""
        order = order_now(self.order_id)
        typed = {"csrf_token": self.browser.token, "version": str(order.version), "seen": "0", **fields}
        url = path if path.startswith("/") else f"/orders/{self.order_id}/{path}"
        return self.browser.post(url, data=typed, headers=HTMX)

    def ticked(self, **fields: str) -> dict[str, str]:
        """All items ticked."""
        return {**{f"items-{item}": "y" for item in self.items}, **fields}

    def many(
        self, ask: str, then: str, *, count: str = "1", words: dict[str, str] | None = None, **chosen: Any
    ) -> str:
        """Ask for a bulk dialog, confirm it, let a worker work; the only verdict's words."""
        token = {"csrf_token": self.browser.token}
        dialog = self.browser.post(ask, data={**token, **chosen}, headers=HTMX).text
        fields: dict[str, list[str]] = {}
        for name, value in re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', dialog):
            if name not in ("count", "csrf_token", "move_reason"):
                fields.setdefault(name, []).append(value)
        answer = self.browser.post(
            then, data={**fields, **token, "count": count, **(words or {})}, headers=HTMX
        )
        assert answer.status_code < 400, answer.text
        return self.verdict()

    def verdict(self) -> str:
        """What a worker said of the only thing on its list."""
        drain("upkeep")
        db.session.rollback()
        ended = select(OperationItem.words).where(OperationItem.decided_at.is_not(None))
        return db.session.scalars(ended.order_by(OperationItem.decided_at.desc())).first() or ""

    def api(self, method: str, path: str, **body: Any) -> TestResponse:
        """Send the order's route of the API."""
        return self.program.open(method, f"/orders/{self.order_id}/{path}", json=body)


Act = Callable[[World], Any]


def nothing(_world: World) -> None:
    """Nothing comes before."""


def cancelled(world: World) -> None:
    world.cancel()


def checking(world: World) -> None:
    world.cancel()
    with unit_of_work() as unit:
        unit.execute(text("UPDATE cancellation_plan SET status = 'confirmation_waiting'"))


def approved(world: World) -> None:
    world.approve()


def declined(world: World) -> None:
    world.approve()
    with unit_of_work() as unit:
        unit.execute(update(Refund).values(state="declined"))


def at_the_bank(world: World) -> None:
    world.approve()
    with unit_of_work() as unit:
        batch = TransferBatch(reference="KT-1", currency="TRY", state="exported")
        unit.add(batch)
        unit.flush()
        unit.execute(update(Refund).values(transfer_batch_id=batch.id))


def wished(world: World) -> None:
    order = order_now(world.order_id)
    write(world.counter.desk.channel, with_status(given(order.number), OrderStatus.CANCELLED, "cancelled"))


def told(world: World) -> None:
    with unit_of_work() as unit:
        unit.add(
            IntegrationAction(
                channel_id=world.counter.desk.channel.id,
                order_id=world.order_id,
                kind="tracking",
                state="given_up",
                args={},
            )
        )


def connected(world: World) -> None:
    with unit_of_work() as unit:
        carrier = unit.scalars(select(CargoCompany)).one()
        unit.add(
            CargoAccount(
                cargo_company_id=carrier.id, account_type="parcel_api", base_url="https://carrier.example"
            )
        )


def stocked(world: World) -> None:
    item_id = world.items[0]
    with unit_of_work() as unit:
        product, shelf = Product(sku="OWN", name="Mug"), StockList(code="main", name="Main")
        unit.add_all([product, shelf])
        unit.flush()
        unit.add(ProductStock(product_id=product.id, stock_list_id=shelf.id))
        item = unit.get_one(OrderItem, item_id)
        item.product_id, item.stock_list_id = product.id, shelf.id


def delivered(world: World) -> None:
    for status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED):
        with unit_of_work() as unit:
            move_items(unit, world.order_id, MoveItems(status, None), world.counter.agent)
    with unit_of_work() as unit:
        unit.execute(update(IntegrationAction).values(state="sent"))


def checked(world: World) -> None:
    """An upload of the order's tracking number lies checked; the note was posted after that."""
    file = (io.BytesIO(csv_of([("Order number", "Tracking number"), ("1001", "TRK-1")])), "parcels.csv")
    data = {"csrf_token": world.browser.token, "file": file}
    answer = world.browser.post("/tracking/", data=data, content_type="multipart/form-data")
    assert answer.status_code == 303
    drain("files")


def applied(world: World) -> None:
    checked(world)
    world.form("/tracking/1/apply", version=str(upload_now(1).version))
    drain("files")


def given(number: str) -> Any:
    """The order."""
    lines = (line("1", "60.00", sku="OWN"), line("2", "40.00", sku="V-1"))
    return draft(number, items=lines, transactions=(card("100.00"),))


def act_of_upload(path: str) -> Act:
    def act(world: World) -> str:
        if path == "apply" and upload_now(1).state == "applied":
            checked(world)
        newest = db.session.scalars(select(func.max(TrackingUpload.id))).one()
        version = str(upload_now(newest).version)
        answer = world.form(f"/tracking/{newest}/{path}", version=version)
        if answer.status_code >= 400:
            return str(answer.text)
        drain("files")
        return world.browser.get(f"/tracking/{newest}").text

    return act


def by_plan(path: str, **words: str) -> Act:
    return lambda w: w.form(
        f"plans/{plans_of(w.order_id)[0].id}/{path}",
        **{**words, "version": str(plans_of(w.order_id)[0].version)},
    )


def on_wish(decision: str) -> Act:
    def act(world: World) -> TestResponse:
        wishes = db.session.scalars(select(CancellationRequest)).all()
        typed = {"decision": decision, "words": "Checked.", "reason_cancel": reason(world)}
        typed |= {f"wish-{wish.id}": "y" for wish in wishes}
        typed |= {f"version-{wish.id}": str(wish.version) for wish in wishes}
        return world.form(f"/cancellations/requests/{world.order_id}", **typed)

    return act


def wish_by_api(decision: str) -> Act:
    def act(world: World) -> TestResponse:
        wish = db.session.scalars(select(CancellationRequest.id)).first()
        body: dict[str, Any] = {} if decision == "confirm" else {"words": "Checked."}
        if decision == "approve":
            body = {"reasons": [{"reason": int(reason(world))}]}
        return world.program.post(f"/cancellation_requests/{wish}/{decision}/", body)

    return act


def reason(world: World) -> str:
    return str(world.counter.desk.reasons[PlanKind.CANCEL])


def cancel_form(world: World) -> TestResponse:
    words = {f"{word}-{item}": "" for item in world.items for word in ("reason", "reason_text")}
    return world.form("cancel", **world.ticked(**words, reason_cancel=reason(world), fallback="transfer"))


def erase(world: World) -> str:
    customer_id = order_now(world.order_id).customer_id
    typed = {"reason": "asked", "typed": str(customer_id), "submission": str(uuid.uuid4())}
    assert world.form(f"/customers/{customer_id}/erase", **typed).status_code < 400
    return world.verdict()


def vendor_part() -> int:
    return db.session.scalars(select(VendorOrder.id)).one()


def say_for_the_vendor(world: World) -> TestResponse:
    vendor = db.session.scalars(select(VendorOrder)).one()
    return world.form(
        f"vendors/{vendor.id}",
        **{f"items-{world.items[1]}": "y", "version": str(vendor.version), "tracking_number": "VER-1"},
    )


def pack(world: World) -> TestResponse:
    form = {f"quantity-{item}-1": "1" for item in world.items}
    return world.form("pack", parcels="1", **form, **{"cargo_company-1": "", "tracking_number-1": ""})


def upload_by_api(world: World) -> str:
    file = (io.BytesIO(csv_of([("Order number", "Tracking number"), ("1001", "TRK-1")])), "parcels.csv")
    answer = world.program.open(
        "POST",
        "/orders/bulk_tracking_number_update/",
        data={"file": file},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 202
    drain("files")
    return world.browser.get(f"/tracking/{answer.json['id']}").text


def undo_by_api(world: World) -> TestResponse:
    newest = db.session.scalars(select(func.max(TrackingUpload.id))).one()
    return world.program.post("/orders/bulk_tracking_number_update_undo/", {"id": newest})


def on_refund(path: str, **words: str) -> Act:
    return lambda w: w.program.post(f"/refunds/{w.refund.id}/{path}/", words)


def tell_all(world: World) -> str:
    """Nothing is sent of an order whose note must be read first."""
    world.form(f"/channels/{world.counter.desk.channel.id}/told/again")
    db.session.rollback()
    state = db.session.scalars(select(IntegrationAction.state)).first()
    return TOLD if state == "given_up" else str(state)


ADDRESS: Final = {
    "email": "elif@example.com",
    "first_name": "Elif",
    "last_name": "Koç",
    "line1": "Bağdat Cad. 1",
    "district": "Kadıköy",
    "postcode": "34710",
}
TURKISH: Final = {**ADDRESS, "city": "İstanbul", "country": "TR"}
# endpoint → (what came before, the act)
HELD: Final[dict[str, tuple[Act, Act]]] = {
    "cancellations.approve": (
        cancelled,
        lambda w: w.many("/cancellations/approve/ask", "/cancellations/approve", plan=[seen(w)]),
    ),
    "cancellations.reject": (
        cancelled,
        lambda w: w.many(
            "/cancellations/reject/ask", "/cancellations/reject", words={"words": "No."}, plan=[seen(w)]
        ),
    ),
    "cancellations.decide": (wished, on_wish("approve")),
    "channels.tell_all_again": (told, tell_all),
    "customers.post_erase": (delivered, erase),
    "finance.enter_payee": (
        approved,
        lambda w: w.form(f"/finance/refunds/{w.refund.id}/payee", iban=GOOD_IBAN, holder_name="Elif Koç"),
    ),
    "finance.enter_returned": (
        at_the_bank,
        lambda w: w.form(f"/finance/refunds/{w.refund.id}/returned", words="Closed."),
    ),
    "finance.gather_batch": (approved, lambda w: w.form("/finance/transfers", currency="TRY")),
    "orders.change": (
        nothing,
        lambda w: w.form("addresses/shipping/edit", **{**ADDRESS, "province": "İstanbul"}),
    ),
    "orders.withdraw_address": (nothing, lambda w: w.form("addresses/changes/1/withdraw")),
    "orders.cancel": (nothing, cancel_form),
    "orders.do_deed": (nothing, lambda w: w.form("deeds/mark_as_not_sent")),
    "orders.ask_label": (connected, lambda w: w.form("labels", carrier="1")),
    "orders.move": (nothing, lambda w: w.form("move", status="450", **w.ticked())),
    "orders.pack": (nothing, pack),
    "orders.map_stock": (stocked, lambda w: w.form(f"items/{w.items[0]}/stock", stock_list="none")),
    "orders.approve_plan": (cancelled, by_plan("approve")),
    "orders.confirm_plan": (checking, by_plan("confirm")),
    "orders.reject_plan": (cancelled, by_plan("reject", words="No.")),
    "orders.tell_again": (told, lambda w: w.form("told/1/again")),
    "orders.told_by_hand": (told, lambda w: w.form("told/1/by-hand")),
    "orders.vendor_says": (nothing, say_for_the_vendor),
    "orders.open_many": (
        nothing,
        lambda w: w.many(
            "/orders/cancel-many/ask",
            "/orders/cancel-many",
            words={"reason_cancel": reason(w), "reason": reason(w)},
            id=[w.order_id],
        ),
    ),
    "orders.move_all": (
        nothing,
        lambda w: w.many(
            "/orders/move-many/ask", "/orders/move-many", words={"move_to": "450"}, id=[w.order_id]
        ),
    ),
    "orders.try_refund_again": (
        declined,
        lambda w: w.form(f"/orders/refunds/{w.refund.id}/again", version=str(w.refund.version)),
    ),
    "orders.enter_evidence": (
        approved,
        lambda w: w.form(
            f"/orders/refunds/{w.refund.id}/evidence",
            state="succeeded",
            evidence="Till 7",
            version=str(w.refund.version),
        ),
    ),
    "tracking.apply": (checked, act_of_upload("apply")),
    "tracking.undo": (applied, act_of_upload("undo")),
    "api_cancellation_plans.change_cancellation_plan": (
        cancelled,
        lambda w: w.program.patch(
            f"/cancellation_plans/{plans_of(w.order_id)[0].id}/",
            {"cancel_status": "rejected", "words": "No."},
        ),
    ),
    "api_cancellation_requests.approve_cancellation_request": (wished, wish_by_api("approve")),
    "api_cancellation_requests.confirm_cancellation_request": (wished, wish_by_api("confirm")),
    "api_cancellation_requests.reject_cancellation_request": (wished, wish_by_api("reject")),
    "api_order_items.bulk_status_update": (
        nothing,
        lambda w: w.program.post(
            "/order_items/bulk_status_update/", {"order_items": w.items, "status": "450"}
        ),
    ),
    "api_orders.edit_order": (nothing, lambda w: w.api("PATCH", "", segment="vip")),
    "api_orders.replace_order": (nothing, lambda w: w.api("PUT", "", segment="vip")),
    "api_orders.remove_order": (nothing, lambda w: w.api("DELETE", "")),
    "api_order_moving.accept_order_in_store": (nothing, lambda w: w.api("POST", "accept_in_store/")),
    "api_order_moving.deliver_order_in_store": (nothing, lambda w: w.api("POST", "deliver_in_store/")),
    "api_order_moving.mark_order_as_not_sent": (nothing, lambda w: w.api("POST", "mark_as_not_sent/")),
    "api_order_moving.update_order_status": (nothing, lambda w: w.api("POST", "update_order_status/")),
    "api_order_moving.change_order_status": (
        nothing,
        lambda w: w.api("PATCH", "change_order_status/", status="450"),
    ),
    "api_order_moving.map_order_item": (
        nothing,
        lambda w: w.api("POST", "create_mapping/", order_item=w.items[0]),
    ),
    "api_order_moving.split_order_packages": (
        nothing,
        lambda w: w.api(
            "POST",
            "split_packages/",
            packages=[{"contents": [{"order_item": item, "quantity": "1"} for item in w.items]}],
        ),
    ),
    "api_order_cancelling.cancel": (
        nothing,
        lambda w: w.api("POST", "cancel/", is_all=True, reasons=[{"reason": int(reason(w))}]),
    ),
    "api_order_cancelling.cancellation_approved_order": (
        cancelled,
        lambda w: w.api("POST", "cancellation_approved_order/"),
    ),
    "api_order_cancelling.cancellation_reject_order": (
        cancelled,
        lambda w: w.api("POST", "cancellation_reject_order/", words="No."),
    ),
    **{
        f"api_order_cancelling.change_{word}_status": (
            checking,
            lambda w, word=word: w.api("POST", f"update_{word}_status/", cancel_status="confirmed"),
        )
        for word in ("cancel", "cance")
    },
    "api_order_addresses.change_billing_address": (
        nothing,
        lambda w: w.api("POST", "change_billing_address/", **TURKISH),
    ),
    "api_order_addresses.change_shipping_address": (
        nothing,
        lambda w: w.api("POST", "change_shipping_address/", **TURKISH),
    ),
    "api_order_addresses.withdraw_address_change": (
        nothing,
        lambda w: w.api("POST", "withdraw_address_change/", address_change=1),
    ),
    "api_order_asking.issue_label": (
        connected,
        lambda w: w.api("POST", "issue_label/", cargo_company=1),
    ),
    "api_integration_actions.send_again": (
        told,
        lambda w: w.program.post("/integration_actions/1/send_again/"),
    ),
    "api_integration_actions.done_by_hand": (
        told,
        lambda w: w.program.post("/integration_actions/1/done_by_hand/"),
    ),
    "api_refunds.retry_refund": (declined, on_refund("retry")),
    "api_refunds.enter_evidence": (approved, on_refund("evidence", state="succeeded", evidence="Till 7")),
    "api_refunds.enter_payee": (
        approved,
        on_refund("payee", iban=GOOD_IBAN, holder_name="Elif Koc"),
    ),
    "api_refunds.enter_returned": (at_the_bank, on_refund("returned", words="Closed.")),
    "api_tracking.bulk_tracking_number_update_undo": (applied, undo_by_api),
    "api_tracking.bulk_tracking_number_update": (nothing, upload_by_api),
    "api_vendor_orders.change_vendor_order": (
        nothing,
        lambda w: w.program.patch(f"/vendor_orders/{vendor_part()}/", {"status": "450"}),
    ),
    "api_vendor_orders.send_shipping_info": (
        nothing,
        lambda w: w.program.post(
            f"/vendor_orders/{vendor_part()}/send_shipping_info/", {"tracking_number": "VER-1"}
        ),
    ),
}


def seen(world: World) -> str:
    plan = plans_of(world.order_id)[0]
    return f"{plan.id}:{plan.version}"


@pytest.fixture
def world(app: Flask, session: Session) -> World:
    counter = Counter.open(session)
    vera = DataSource(slug="vera", name="Vera")
    session.add_all([vera, CargoCompany(slug="swift", name="Swift")])
    session.flush()
    session.add(Product(sku="V-1", name="Lamp", data_source_id=vera.id))
    session.commit()
    browser = at_desk(app)
    program = Program(app, make_token(session.get_one(StaffUser, browser.staff_id)))
    result = write(counter.desk.channel, given("1001"))[0]
    assert result.order_id is not None, result.words
    return World(counter, browser, program, result.order_id)


def leave_note(world: World) -> None:
    with unit_of_work() as unit:
        make_note(unit, unit.get_one(Order, world.order_id), must_read=True)


def read_note(world: World) -> None:
    with unit_of_work() as unit:
        note = unit.scalars(select(OrderNote)).one()
        unit.add(NoteReader(note_id=note.id, staff_id=world.browser.staff_id, read_at=note.created_at))


def orders_now() -> dict[str, list[str]]:
    """Every row that is part of an order."""
    db.session.rollback()
    tables = (
        "orders order_item address package refund payee cancellation_plan cancellation_request integration_action"
        " vendor_order vendor_order_item cargo_errand customer transfer_batch order_note"
    )
    return {
        name: list(db.session.scalars(text(f'SELECT t::text FROM "{name}" t ORDER BY 1')))
        for name in tables.split()
    }


def test_every_unsafe_route_when_walked_then_it_is_held_up_here_or_says_why_not(app: Flask) -> None:
    unsafe = {rule.endpoint for rule in app.url_map.iter_rules() if (rule.methods or set()) & UNSAFE}
    desk = {endpoint for endpoint in unsafe if endpoint.partition(".")[0] not in NO_ORDERS}
    assert desk - HELD.keys() - FREE.keys() == set()
    assert (HELD.keys() | FREE.keys()) - desk == set()
    assert HELD.keys() & FREE.keys() == set()


@pytest.mark.parametrize("endpoint", HELD)
def test_an_act_when_a_note_must_be_read_first_then_refused_and_nothing_moves_until_it_is(
    app: Flask, world: World, endpoint: str
) -> None:
    before, act = HELD[endpoint]
    before(world)
    leave_note(world)
    then = orders_now()

    assert TOLD in _words(act(world))

    assert orders_now() == then
    read_note(world)
    # What else may stand in its way, the note does not any more.
    again = _words(act(world))
    assert TOLD not in again


def test_rows_of_an_upload_when_a_note_must_be_read_first_then_the_verdict_names_the_order(
    world: World,
) -> None:
    leave_note(world)
    checked(world)
    page = world.browser.get("/tracking/1").text
    assert "A note must be read first" in page
    assert "A colleague left a note on order 1001 that must be read before anything else." in page
    row = db.session.scalars(select(TrackingRow).where(TrackingRow.order_number == "1001")).one()
    assert (row.verdict, row.outcome) == ("note_unread", "")


def _words(answer: Any) -> str:
    if isinstance(answer, str):
        return answer
    if answer.is_json:
        return f"{answer.json.get('code')} {answer.json.get('detail')}"
    return str(answer.text)
