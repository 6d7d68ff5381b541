"""What holds for every route of the API, walked from the application's map and its specification.

No cookie writes; each answer names its request; refusals are problem details; every POST takes an Idempotency-Key; every
change of one order takes If-Match; pages have 200 rows at most; nothing is taken that a route does not name (S10).
"""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table
from sqlalchemy.orm import Session

from tests.api.programs import Program, program
from tests.api.test_orders import NEW
from tests.client import Client
from tests.faces.test_security_headers import sample_url
from tests.faces.test_security_routes import checksums
from tests.order_drafts import draft, make_channel, order_of, write
from tests.staff import csrf, make_staff, sign_in
from tests.uploading import csv_of
from webapp.api.app import SPECIFICATION
from webapp.api.specification import UNSAFE, operations
from webapp.channels.models import RemoteRecord
from webapp.core.db import Base, unit_of_work
from webapp.core.operations import Operation

NOTED = {"api_token", "audit_entry", "api_idempotency"}
# The reference's endpoints of one order or of orders, and the methods that each has at least.
REFERENCE = {
    "orders/": {"get", "post"},
    "orders/{pk}/": {"get", "put", "patch", "delete"},
    "orders/{pk}/change_billing_address/": {"post"},
    "orders/{pk}/change_shipping_address/": {"post"},
    "orders/{pk}/change_order_status/": {"patch"},
    "orders/{pk}/create_mapping/": {"post"},
    "orders/{pk}/cancel/": {"post"},
    "orders/{pk}/cancellation_reject_order/": {"post"},
    "orders/{pk}/cancellation_approved_order/": {"post"},
    "orders/{pk}/update_cancel_status/": {"post"},
    "orders/{pk}/update_cance_status/": {"post"},
    "orders/{pk}/accept_in_store/": {"post"},
    "orders/{pk}/deliver_in_store/": {"post"},
    "orders/{pk}/update_order_status/": {"get", "post"},
    "orders/{pk}/get_remote_id/": {"get"},
    "orders/{pk}/mark_as_not_sent/": {"post"},
    "orders/{pk}/split_packages/": {"post"},
    "orders/bulk_tracking_number_update/": {"post"},
    "orders/bulk_tracking_number_update_status/": {"get"},
    "order_items/bulk_status_update/": {"post"},
}
# So that nothing is refused for its body before the order is looked at.
BODIES: dict[str, Any] = {
    "update_cancel_status": {"cancel_status": "confirmed"},
    "update_cance_status": {"cancel_status": "confirmed"},
    "change_order_status": {"status": "450"},
    "split_packages": {"packages": [{"contents": []}]},
    "create_mapping": {"order_item": 1},
    "change_shipping_address": {"line1": "Moda Cad. 1", "city": "İstanbul", "country": "TR"},
    "withdraw_address_change": {"address_change": 1},
    "update_order_item_send_stock": {"order_item": 1},
    "notes": {"body": "Called, will wait."},
    "assign": {"staff": None},
    "change_billing_address": {"line1": "Moda Cad. 1", "city": "İstanbul", "country": "TR"},
}


@pytest.fixture
def caller(app: Flask, session: Session) -> Program:
    write(make_channel(session), draft())
    return program(app)


def walked(app: Flask, *methods: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, address with samples, operation) of every operation with one of these methods."""
    rules = {rule.rule: rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")}
    shown = {"".join(_braced(text)): rule for text, rule in rules.items()}
    for path, method, operation in operations(app.extensions[SPECIFICATION]):
        if method in methods:
            yield method.upper(), sample_url(shown[path]), operation


def _braced(rule: str) -> str:
    return rule.replace("<int:", "{").replace("<uuid:", "{").replace(">", "}")


def test_the_references_endpoints_when_looked_for_then_all_are_there(app: Flask) -> None:
    paths = app.extensions[SPECIFICATION]["paths"]
    missing = {
        name: methods - paths.get(f"/api/v1/{name}", {}).keys()
        for name, methods in REFERENCE.items()
        if methods - paths.get(f"/api/v1/{name}", {}).keys()
    }

    assert missing == {}


def test_every_route_when_a_cookie_alone_asks_then_401_and_nothing_changes(
    app: Flask, client: Client, session: Session
) -> None:
    write(make_channel(session), draft())
    sign_in(client, make_staff())
    token = csrf(client)
    before = checksums(session, but=NOTED)
    statuses = {
        (method, url): client.open(
            url, method=method, headers=token, json=None if method == "GET" else {}
        ).status_code
        for method, url, _ in walked(app, "get", *UNSAFE)
    }

    assert {found for found, status in statuses.items() if status != 401} == set()
    assert len(statuses) > 50
    assert checksums(session, but=NOTED) == before


def test_every_route_when_answered_then_it_names_its_request_sets_no_cookie_and_refuses_in_problem_details(
    app: Flask, caller: Program
) -> None:
    wrong: list[Any] = []
    for method, url, _ in walked(app, "get", *UNSAFE):
        for headers in ({}, {"Authorization": "Bearer nobody"}):
            answer = caller.open(method, url, json=None if method == "GET" else {}, headers=headers)
            named = answer.headers.get("X-Request-Id", "")
            told = answer.json if answer.status_code >= 400 else None
            is_right = len(named) == 32 and "Set-Cookie" not in answer.headers and answer.status_code < 500
            if told is not None:
                is_right &= answer.mimetype == "application/problem+json" and told["request_id"] == named
                is_right &= told["status"] == answer.status_code and bool(told["code"] and told["detail"])
            wrong += [] if is_right else [(method, url, answer.status_code, answer.text)]

    assert wrong == []


def test_every_post_when_its_key_is_malformed_then_400_and_when_sent_again_then_the_same_answer(
    app: Flask, caller: Program
) -> None:
    wrong: list[Any] = []
    for at, (_, url, _operation) in enumerate(walked(app, "post")):
        malformed = caller.post(url, {}, headers={"Idempotency-Key": "a b"})
        key = {"Idempotency-Key": f"key-{at}"}
        first, second = caller.post(url, {}, headers=key), caller.post(url, {}, headers=key)
        other = caller.post(url, {"other": 1}, headers=key)
        codes = [each.status_code for each in (malformed, first, second, other)]
        is_right = codes == [400, first.status_code, first.status_code, 422]
        is_right &= malformed.json["code"] == "malformed_idempotency_key"
        is_right &= second.data == first.data and "Idempotency-Replayed" in second.headers
        is_right &= "Idempotency-Replayed" not in first.headers
        is_right &= other.json["code"] == "idempotency_key_reused"
        wrong += [] if is_right else [(url, codes, first.text, other.text)]

    assert wrong == []


def test_every_change_of_an_order_when_its_tag_is_old_then_412_says_what_changed_and_when_none_then_400(
    app: Flask, caller: Program, session: Session
) -> None:
    first = caller.get("/orders/1/").headers["ETag"]
    assert caller.patch("/orders/1/", {"notes": "Ring twice"}).status_code == 200
    before = checksums(session, but=NOTED)
    wrong: list[Any] = []
    tried = 0
    for method, url, _ in walked(app, *UNSAFE):
        if url.startswith("/api/v1/orders/1/"):
            body = BODIES.get(url.rstrip("/").rpartition("/")[2], {})
            for tag, status, code in ((first, 412, "precondition_failed"), ("x", 400, "malformed_if_match")):
                answer = caller.open(method, url, json=body, headers={"If-Match": tag})
                is_right = (answer.status_code, answer.json["code"]) == (status, code)
                is_right &= status == 400 or "notes" in json.dumps(answer.json["changes"])
                wrong += [] if is_right else [(method, url, tag, answer.text)]
                tried += 1

    assert wrong == []
    assert tried > 30
    assert checksums(session, but=NOTED) == before


def test_what_is_made_or_begun_when_answered_then_its_location_opens(
    app: Flask, caller: Program, session: Session
) -> None:
    with unit_of_work() as unit:
        unit.add(RemoteRecord(channel_id=1, remote_id="f", content_hash="0", payload={}, state="failed"))
        dead = Operation(kind="channel.pull", queue="channels", dedupe_key="d", args={}, state="dead")
        unit.add(dead)
        unit.flush()
        dead_id = dead.id
    sheet = {"file": (io.BytesIO(csv_of([("Order number", "Tracking number")])), "parcels.csv")}
    hook = {"url": "https://erp.example.com/hook", "events": ["order.created"]}
    made = [
        caller.post("/orders/", NEW),
        caller.post("/webhooks/", hook),
        caller.post(f"/operations/{dead_id}/retry/"),
        caller.post("/channels/1/replay/"),
        caller.open(
            "POST", "/orders/bulk_tracking_number_update/", data=sheet, content_type="multipart/form-data"
        ),
    ]

    assert [each.status_code for each in made] == [201, 201, 202, 202, 202], [each.text for each in made]
    for answer in made:
        assert caller.get(answer.headers["Location"]).status_code == 200, answer.headers["Location"]


def test_every_list_when_more_than_200_rows_are_asked_for_then_422(app: Flask, caller: Program) -> None:
    lists = [
        url
        for _, url, operation in walked(app, "get")
        if "page_size" in {each["name"] for each in operation.get("parameters", [])}
    ]
    statuses = {url: caller.get(f"{url}?page_size=201").status_code for url in lists}

    assert set(statuses.values()) == {422}
    assert len(lists) >= 10
    unpaged = {
        url
        for _, url, operation in walked(app, "get")
        if url not in lists and "results" in json.dumps(_answer(app, operation))
    }
    # These have a few dozen rows at most.
    assert unpaged == {"/api/v1/channels/", "/api/v1/webhooks/", "/api/v1/orders/1/colleagues/"}


def _answer(app: Flask, operation: dict[str, Any]) -> Any:
    """The names of what the operation answers at best."""
    best = min(operation["responses"])
    content = operation["responses"][best].get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return sorted(app.extensions[SPECIFICATION]["components"]["schemas"].get(name, {}).get("properties", {}))


def test_every_write_when_sent_all_columns_of_all_tables_then_it_names_each_that_it_does_not_take(
    app: Flask, caller: Program, session: Session
) -> None:
    columns = {
        column.key for mapper in Base.registry.mappers for column in mapper.local_table.columns
        if isinstance(mapper.local_table, Table)
    }  # fmt: skip
    before = checksums(session, but=NOTED)
    wrong: dict[str, Any] = {}
    for method, url, operation in walked(app, *UNSAFE):
        taken = _named(app, operation)
        strange = columns - taken
        if not operation.get("requestBody") or "multipart" in json.dumps(operation["requestBody"]):
            continue
        answer = caller.open(method, url, json=dict.fromkeys(strange, 1))
        refused = set(answer.json.get("fields", {}))
        if answer.status_code != 422 or strange - refused:
            wrong[f"{method} {url}"] = (answer.status_code, sorted(strange - refused))

    assert wrong == {}
    assert len(columns) > 200
    assert checksums(session, but=NOTED) == before
    assert order_of(session).version == 1


def _named(app: Flask, operation: dict[str, Any]) -> set[str]:
    """The names of the operation's body."""
    schemas = app.extensions[SPECIFICATION]["components"]["schemas"]
    found: set[str] = set()
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        name = schema.get("$ref", "").rpartition("/")[2]
        found |= set((schemas[name] if name else schema).get("properties", {}))
    return found
