"""docs/api.md shows each endpoint once, as it really answers. `KONTOR_WRITE_EXAMPLES=1` writes the examples anew."""

import io
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.api.programs import Program, program
from tests.api.test_orders import NEW
from tests.cancelling import Counter, card
from tests.order_drafts import draft, line, with_status, write
from webapp.api.app import SPECIFICATION
from webapp.api.specification import operations
from webapp.auth.roles import Role
from webapp.catalog.models import Product, StockList
from webapp.channels.models import DataSource, RemoteRecord
from webapp.core.db import db, unit_of_work
from webapp.core.operations import Operation
from webapp.orders.enums import OrderStatus, PlanKind
from webapp.orders.models import CancellationRequest, OrderItem
from webapp.payments.models import Refund

DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"
MARK = "<!-- From here on written by tests/api/test_examples.py. -->\n"
SHOWN_OF_ORDER = ("pk", "number", "status", "cancel_status", "is_send", "refund_amount", "modified_date")


@dataclass(frozen=True)
class Example:
    """One call: the method and address as the specification has them, the address called, what is sent."""

    call: str
    url: str
    body: Any = None
    file: tuple[str, bytes] | None = None


@dataclass
class Desk:
    """What the examples stand on, each for deeds that would be in each other's way."""

    counter: Counter
    orders: dict[str, int]

    def reason(self) -> list[dict[str, int]]:
        """The reason of a cancel plan."""
        return [{"reason": self.counter.desk.reasons[PlanKind.CANCEL]}]


@pytest.fixture
def desk(session: Session) -> Desk:
    counter = Counter.open(session)
    names = ("A", "B", "C", "D", "E", "F", "G", "H")
    orders = {
        name: counter.order("60.00", "40.00", number=f"10{at}") for at, name in enumerate(names, start=1)
    }
    pickup = (line("1", "90.00", quantity=3),)
    orders["store"] = counter.order_of(pickup, number="201", delivery_type="store_pickup")
    orders["free"] = counter.order_of((line("1", "0.00"),), number="202", tenders=())
    for name in ("B", "C", "D", "E"):
        counter.cancel(orders[name])
    for number in ("301", "302", "303"):
        wished = draft(number, transactions=(card("100.00", remote_id=number),))
        write(counter.desk.channel, wished)
        write(counter.desk.channel, with_status(wished, OrderStatus.CANCELLED, "cancelled"))
    free = draft("203", transactions=())
    orders["unpaid"] = write(counter.desk.channel, free)[0].order_id or 0
    with unit_of_work() as unit:
        product, shelf = Product(sku="SKU-1", name="Product 1"), StockList(code="main", name="Main")
        unit.add_all([product, shelf])
        unit.flush()
        stocked = {"product_id": product.id, "stock_list_id": shelf.id}
        unit.execute(update(OrderItem).where(OrderItem.order_id == orders["F"]).values(stocked))
        unit.add(
            RemoteRecord(
                channel_id=1, remote_id="981", number="981", content_hash="0", payload={}, state="failed",
                failure_class="mapping", failure_words="The status “packed” has no meaning here yet.",
            )
        )  # fmt: skip
    with unit_of_work() as unit:
        vera = DataSource(slug="vera", name="Vera Ceramics")
        unit.add(vera)
        unit.flush()
        unit.add(Product(sku="VERA-1", name="Vase", data_source_id=vera.id))
    counter.order_of((line("1", "60.00"), line("2", "40.00", sku="VERA-1", name="Vase")), number="401")
    return Desk(counter, orders)


def examples(desk: Desk) -> Iterator[Example]:
    """Every operation once, in the order of the page; later ones see what earlier ones did."""
    o = "/api/v1/orders/"
    of = desk.orders
    yield Example(f"GET {o}", f"{o}?status=400&page_size=1")
    yield Example(f"GET {o}{{pk}}/", f"{o}{of['A']}/")
    yield Example(f"POST {o}", o, NEW)
    yield Example(f"PATCH {o}{{pk}}/", f"{o}{of['A']}/", {"notes": "Ring twice", "invoice_number": "INV-77"})
    yield Example(f"PUT {o}{{pk}}/", f"{o}{of['A']}/", {"notes": "Ring twice", "segment": "vip"})
    yield Example(f"DELETE {o}{{pk}}/", f"{o}{of['unpaid']}/")
    yield Example(f"GET {o}{{pk}}/get_remote_id/", f"{o}{of['A']}/get_remote_id/")
    address = {
        "first_name": "Elif",
        "last_name": "Koç",
        "line1": "Bağdat Cad. 118/4",
        "district": "Kadıköy",
        "city": "İstanbul",
        "postcode": "34710",
    }
    for side in ("shipping", "billing"):
        yield Example(
            f"POST {o}{{pk}}/change_{side}_address/", f"{o}{of['A']}/change_{side}_address/", address
        )
    yield Example(
        f"PATCH {o}{{pk}}/change_order_status/", f"{o}{of['A']}/change_order_status/", {"status": "450"}
    )
    yield Example(f"GET {o}{{pk}}/update_order_status/", f"{o}{of['A']}/update_order_status/")
    yield Example(f"POST {o}{{pk}}/update_order_status/", f"{o}{of['A']}/update_order_status/", {})
    yield Example(f"POST {o}{{pk}}/mark_as_not_sent/", f"{o}{of['A']}/mark_as_not_sent/", {})
    store = of["store"]
    yield Example(f"POST {o}{{pk}}/accept_in_store/", f"{o}{store}/accept_in_store/", {})
    yield Example(f"POST {o}{{pk}}/deliver_in_store/", f"{o}{store}/deliver_in_store/", {})
    item = _items(of["F"])[0]
    parcel = {"contents": [{"order_item": item, "quantity": "1"}], "tracking_number": "TR0001"}
    yield Example(f"POST {o}{{pk}}/split_packages/", f"{o}{of['F']}/split_packages/", {"packages": [parcel]})
    yield Example(f"POST {o}{{pk}}/create_mapping/", f"{o}{of['F']}/create_mapping/", {"order_item": item})
    sheet = ("numbers.csv", b"Order number;Tracking number\n107;TR0007\n")
    yield Example(f"POST {o}bulk_tracking_number_update/", f"{o}bulk_tracking_number_update/", file=sheet)
    yield Example(
        f"GET {o}bulk_tracking_number_update_status/", f"{o}bulk_tracking_number_update_status/?id=1"
    )
    cancel = {
        "cancel_items": [{"order_item": _items(of["H"])[0]}],
        "reasons": desk.reason(),
        "diagnose": True,
    }
    yield Example(f"POST {o}{{pk}}/cancel/", f"{o}{of['H']}/cancel/", cancel)
    yield Example(
        f"POST {o}{{pk}}/cancellation_approved_order/",
        f"{o}{of['B']}/cancellation_approved_order/",
        {"invoice_number": "CN-1"},
    )
    yield Example(
        f"POST {o}{{pk}}/cancellation_reject_order/",
        f"{o}{of['C']}/cancellation_reject_order/",
        {"words": "It is on its way."},
    )
    for spelled in ("update_cancel_status", "update_cance_status"):
        moved = {
            "order": of["D"],
            "order_items": _items(of["D"]),
            "cancel_status": "confirmation_waiting" if spelled.endswith("el_status") else "confirmed",
        }
        yield Example(f"POST {o}{{pk}}/{spelled}/", f"{o}{of['D']}/{spelled}/", moved)
    yield from _around(desk)
    yield from _vendor_orders()
    yield from _webhooks()


def _around(desk: Desk) -> Iterator[Example]:
    v1 = "/api/v1/"
    item = _items(desk.orders["G"])[0]
    yield Example(f"GET {v1}order_items/", f"{v1}order_items/?order={desk.orders['G']}&page_size=1")
    yield Example(f"GET {v1}order_items/{{pk}}/", f"{v1}order_items/{item}/")
    bulk = {"order_items": [item], "status": "450"}
    yield Example(f"POST {v1}order_items/bulk_status_update/", f"{v1}order_items/bulk_status_update/", bulk)
    yield Example(f"GET {v1}cancellation_plans/", f"{v1}cancellation_plans/?status=waiting&page_size=1")
    yield Example(f"GET {v1}cancellation_plans/{{pk}}/", f"{v1}cancellation_plans/1/")
    yield Example(
        f"PATCH {v1}cancellation_plans/{{pk}}/",
        f"{v1}cancellation_plans/4/",
        {"refund_invoice_number": "CN-4"},
    )
    wishes = [
        wish.id for wish in db.session.scalars(select(CancellationRequest).order_by(CancellationRequest.id))
    ]
    r = f"{v1}cancellation_requests/"
    yield Example(f"GET {r}", f"{r}?status=waiting_approval&page_size=1")
    yield Example(f"GET {r}{{pk}}/", f"{r}{wishes[0]}/")
    yield Example(f"POST {r}{{pk}}/confirm/", f"{r}{wishes[0]}/confirm/", {})
    yield Example(f"POST {r}{{pk}}/approve/", f"{r}{wishes[1]}/approve/", {"reasons": desk.reason()})
    yield Example(f"POST {r}{{pk}}/reject/", f"{r}{wishes[2]}/reject/", {"words": "It is on its way."})
    yield Example(f"GET {v1}cancellation_reasons/", f"{v1}cancellation_reasons/?page_size=1")
    yield Example(f"GET {v1}cancellation_reasons/{{pk}}/", f"{v1}cancellation_reasons/1/")
    refund = db.session.scalars(select(Refund.id)).first()
    yield Example(f"GET {v1}refunds/", f"{v1}refunds/?state=ready&page_size=1")
    yield Example(f"GET {v1}refunds/{{pk}}/", f"{v1}refunds/{refund}/")
    yield Example(f"GET {v1}transactions/", f"{v1}transactions/?kind=card&page_size=1")
    yield Example(f"GET {v1}transactions/{{pk}}/", f"{v1}transactions/1/")
    c = f"{v1}channels/"
    yield Example(f"GET {c}", c)
    yield Example(f"GET {c}{{pk}}/", f"{c}1/")
    yield Example(f"POST {c}{{pk}}/pull/", f"{c}1/pull/", {})
    yield Example(f"GET {c}{{pk}}/failed_records/", f"{c}1/failed_records/?failure_class=mapping")
    yield Example(f"POST {c}{{pk}}/replay/", f"{c}1/replay/", {"records": [1]})
    with unit_of_work() as unit:
        given_up = unit.scalars(select(Operation).where(Operation.kind == "channel.pull")).one()
        unit.execute(update(Operation).where(Operation.id == given_up.id).values(state="dead"))
        pulled = given_up.id
    w = f"{v1}operations/"
    yield Example(f"GET {w}", f"{w}?kind=channel.pull&page_size=1")
    yield Example(f"GET {w}{{operation_id}}/", f"{w}{pulled}/")
    yield Example(f"GET {w}{{operation_id}}/verdicts/", f"{w}{pulled}/verdicts/")
    yield Example(f"POST {w}{{operation_id}}/retry/", f"{w}{pulled}/retry/", {})


def _vendor_orders() -> Iterator[Example]:
    v = "/api/v1/vendor_orders/"
    yield Example(f"GET {v}", f"{v}?status=400&modified_date__gte=2020-01-01T00:00:00Z")
    yield Example(f"GET {v}{{pk}}/", f"{v}1/")
    yield Example(f"PATCH {v}{{pk}}/", f"{v}1/", {"status": "450"})
    parcel = {"tracking_number": "VER-7", "tracking_url": "https://swift.example/VER-7"}
    yield Example(f"POST {v}{{pk}}/send_shipping_info/", f"{v}1/send_shipping_info/", parcel)


def _webhooks() -> Iterator[Example]:
    h = "/api/v1/webhooks/"
    wanted = {"url": "https://erp.example.com/kontor", "events": ["order.created", "refund.settled"]}
    yield Example(f"POST {h}", h, wanted)
    yield Example(f"GET {h}", h)
    yield Example(f"GET {h}{{pk}}/", f"{h}1/")
    yield Example(f"PATCH {h}{{pk}}/", f"{h}1/", {"description": "The books"})
    yield Example(f"POST {h}{{pk}}/test/", f"{h}1/test/", {})
    yield Example(f"GET {h}{{pk}}/deliveries/", f"{h}1/deliveries/")
    yield Example(f"POST {h}{{pk}}/deliveries/{{delivery_pk}}/replay/", f"{h}1/deliveries/1/replay/", {})
    yield Example(f"POST {h}{{pk}}/replay_failed/", f"{h}1/replay_failed/", {})
    yield Example(f"POST {h}{{pk}}/pause/", f"{h}1/pause/", {})
    yield Example(f"POST {h}{{pk}}/resume/", f"{h}1/resume/", {})
    yield Example(f"POST {h}{{pk}}/rotate_secret/", f"{h}1/rotate_secret/", {})
    yield Example(f"DELETE {h}{{pk}}/", f"{h}1/")


def test_every_endpoint_when_looked_up_then_the_docs_show_it_as_it_answers(app: Flask, desk: Desk) -> None:
    document = app.extensions[SPECIFICATION]
    summaries = {f"{m.upper()} {path}": each["summary"] for path, m, each in operations(document)}
    caller, shown = program(app, Role.ADMINISTRATOR), {}
    for example in examples(desk):
        answer = _asked(caller, example)
        expected = (409,) if "replay" in example.url and "webhooks" in example.url else (200, 201, 202, 204)
        assert answer.status_code in (200, 201, 202, 204, *expected), (example, answer.text)
        shown[example.call] = _written(example, answer)

    assert shown.keys() == summaries.keys()
    written = MARK + "\n".join(
        f"\n### `{call}`\n\n{summaries[call]}.\n{text}" for call, text in shown.items()
    )
    if os.environ.get("KONTOR_WRITE_EXAMPLES"):
        DOCS.write_text(DOCS.read_text().partition(MARK)[0] + written)
    before, after = _keys(DOCS.read_text().partition(MARK)[2]), _keys(written)
    assert before == after, "Run this test with KONTOR_WRITE_EXAMPLES=1 and look at the difference."


def _items(order_id: int) -> list[int]:
    query = select(OrderItem.id).where(OrderItem.order_id == order_id)
    return list(db.session.scalars(query.order_by(OrderItem.id)))


def _asked(caller: Program, example: Example) -> Any:
    method = example.call.partition(" ")[0]
    if example.file is not None:
        name, content = example.file
        return caller.open(method, example.url, data={"file": (io.BytesIO(content), name)})
    return caller.open(method, example.url, json=example.body)


def _written(example: Example, answer: Any) -> str:
    method = example.call.partition(" ")[0]
    sent = "" if example.body in (None, {}) else f"\n{_json(example.body)}\n"
    if example.file is not None:
        sent = f"\nmultipart/form-data, file={example.file[0]}\n"
    told = "" if answer.status_code == 204 else f"\n{_json(_short(example, answer.json))}"
    return f"\n```http\n{method} {example.url}\n{sent}\n→ {answer.status_code}{told}\n```\n"


def _short(example: Example, body: Any) -> Any:
    """Deeds answer the order in full; here they show what tells."""
    if isinstance(body, dict) and "orderitem_set" in body and not example.call.startswith("GET"):
        return {**{name: body[name] for name in SHOWN_OF_ORDER}, "…": "as GET /api/v1/orders/{pk}/"}
    if isinstance(body, dict) and "secret" in body:
        return {**body, "secret": "whsec_…"}
    return body


def _json(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, indent=1)


def _keys(text: str) -> dict[str, list[str]]:
    """The names of fields that each endpoint's example shows; values move with the clock."""
    parts = re.split(r"^### `(.+)`$", text, flags=re.M)[1:]
    return {
        call: [*re.findall(r'^ *"([^"]+)": ', part, flags=re.M), *re.findall(r"^→ \d+", part, flags=re.M)]
        for call, part in zip(parts[::2], parts[1::2], strict=True)
    }
