"""docs/api.md shows each endpoint once, as it really answers. `KONTOR_WRITE_EXAMPLES=1` writes the examples anew."""

import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.api.examples.orders import examples
from tests.api.examples.stage import UNSHOWN, Desk, Example
from tests.api.programs import Program, program
from tests.cancelling import Counter, card
from tests.order_drafts import draft, line, with_status, write
from webapp.api.app import SPECIFICATION
from webapp.api.specification import operations
from webapp.auth.roles import Role
from webapp.catalog.models import Product, StockList
from webapp.channels.models import DataSource, RemoteRecord
from webapp.core.db import unit_of_work
from webapp.orders.enums import OrderStatus
from webapp.orders.models import OrderItem

DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"
MARK = "<!-- From here on written by tests/api/test_examples.py. -->\n"
_NEEDS = re.compile(r"Needs the permission `[^`]+`")
SHOWN_OF_ORDER = ("pk", "number", "status", "cancel_status", "is_send", "refund_amount", "modified_date")


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


def test_every_endpoint_when_looked_up_then_the_docs_show_it_as_it_answers(app: Flask, desk: Desk) -> None:
    document = app.extensions[SPECIFICATION]
    summaries = {
        f"{method.upper()} {path}": f"{each['summary']}. {each['description'].rpartition(chr(10))[2]}"
        for path, method, each in operations(document)
    }
    caller, shown = program(app, Role.ADMINISTRATOR), {}
    for example in examples(desk):
        answer = _asked(caller, example)
        expected = (409,) if "replay" in example.url and "webhooks" in example.url else (200, 201, 202, 204)
        assert answer.status_code in (200, 201, 202, 204, *expected), (example, answer.text)
        if example.call != UNSHOWN:
            shown[example.call] = _written(example, answer)

    assert shown.keys() == summaries.keys()
    written = MARK + "\n".join(f"\n### `{call}`\n\n{summaries[call]}\n{text}" for call, text in shown.items())
    if os.environ.get("KONTOR_WRITE_EXAMPLES"):
        DOCS.write_text(DOCS.read_text().partition(MARK)[0] + written)
    before, after = _keys(DOCS.read_text().partition(MARK)[2]), _keys(written)
    assert before == after, "Run this test with KONTOR_WRITE_EXAMPLES=1 and look at the difference."


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
    """The permission and the names of fields that each endpoint's example shows; values move with the clock."""
    parts = re.split(r"^### `(.+)`$", text, flags=re.M)[1:]
    return {
        call: [
            *_NEEDS.findall(part),
            *re.findall(r'^ *"([^"]+)": ', part, flags=re.M),
            *re.findall(r"^→ \d+", part, flags=re.M),
        ]
        for call, part in zip(parts[::2], parts[1::2], strict=True)
    }
