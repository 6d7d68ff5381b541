"""S8: each route by each role. S9: nothing of a channel that is not the token's. S10: only the named fields change."""

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table
from sqlalchemy.orm import Session

from tests.api.programs import Program, make_token, program
from tests.api.test_orders import NEW
from tests.faces.test_security_headers import routes
from tests.faces.test_security_routes import checksums
from tests.foreign import one_of_everything
from tests.order_drafts import draft, make_channel, order_of, write
from tests.staff import make_staff
from webapp.auth.permissions import Access, demand_of
from webapp.auth.roles import ROLE_PERMISSIONS, Permission, Role
from webapp.core.db import unit_of_work
from webapp.core.operations import Operation
from webapp.core.worklist import Subject, put
from webapp.orders.models import Order, TrackingUpload

NOTED = {"api_token", "audit_entry"}


def api_routes(app: Flask) -> Iterator[tuple[str, str, Permission]]:
    """(method, sample address, permission) of every route of the API but its specification."""
    for rule, url in routes(app):
        demand = demand_of(app, rule.endpoint)
        if url.startswith("/api/") and not isinstance(demand, Access):
            assert demand is not None, url
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield method, url, demand


@pytest.mark.parametrize("role", list(Role))
def test_every_route_when_called_by_a_role_then_open_exactly_to_its_permission(
    app: Flask, session: Session, role: Role
) -> None:
    write(make_channel(session), draft())
    caller = program(app, role)
    before = checksums(session, but=NOTED)
    wrong = []
    for method, url, demand in api_routes(app):
        allowed = demand in ROLE_PERMISSIONS[role]
        if not allowed or method == "GET":
            status = caller.open(method, url, json=None if method == "GET" else {}).status_code
            wrong += [(method, url, status)] if (status == 403) is allowed or status >= 500 else []

    assert wrong == []
    assert checksums(session, but=NOTED) == before


def test_every_route_when_the_token_is_granted_another_permission_alone_then_403(
    app: Flask, session: Session
) -> None:
    staff = make_staff()
    wrong = []
    by_grant = {
        granted: Program(app, make_token(staff, permissions={granted}))
        for granted in (Permission.ORDERS_VIEW, Permission.VIEWS_SHARE)
    }
    for method, url, demand in api_routes(app):
        for granted, caller in by_grant.items():
            if demand is not granted:
                status = caller.open(method, url, json={}).status_code
                wrong += [(method, url, status)] if status != 403 else []

    assert wrong == []


# What an API address calls something, by its beginning → what tests/foreign.py calls it.
THINGS = {
    "orders": "order_id",
    "order_items": "item_id",
    "cancellation_plans": "plan_id",
    "cancellation_requests": "request_id",
    "refunds": "refund_id",
    "transactions": "transaction_id",
    "operations": "operation_id",
    "channels": "channel_id",
    "vendor_orders": "vendor_order_id",
    "webhooks": "webhook_id",
    "attention": "attention_id",
    "integration_actions": "action_id",
}
OF_NO_CHANNEL = {"cancellation_reasons", "tags"}


@pytest.fixture
def foreign(session: Session) -> dict[str, list[str]]:
    """The keys of one of everything by the beginning of the address; and `delivery_id`, `upload_id`."""
    found = one_of_everything(session)
    named = {name: found[word] for name, word in THINGS.items()}
    return {**named, "delivery_id": found["delivery_id"], "upload_id": found["upload_id"]}


@pytest.mark.parametrize("limited", ["the token", "its owner"])
def test_every_id_when_it_is_of_another_channel_then_404_and_nothing_moves(
    app: Flask, session: Session, foreign: dict[str, list[str]], limited: str
) -> None:
    if limited == "the token":
        caller = program(app, channel_ids={2})
    else:
        caller = Program(app, make_token(make_staff(channel_ids={2})))
    before = checksums(session, but=NOTED)
    wrong, tried = [], 0
    for rule, _ in routes(app):
        name = rule.rule.removeprefix("/api/v1/").partition("/")[0]
        if not rule.rule.startswith("/api/v1/") or not rule.arguments or name in OF_NO_CHANNEL:
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            for key in foreign[name]:
                url = re.sub(r"<\w+:(?:pk|operation_id)>", key, rule.rule)
                url = url.replace("<int:delivery_pk>", foreign["delivery_id"][0])
                body = BODIES.get(url.split("/")[-2], BODIES.get(f"{method} {name}", {}))
                answer = caller.open(method, url, json=None if method == "GET" else body)
                tried += 1
                wrong += [(method, url, answer.status_code)] if answer.status_code != 404 else []
    for key in foreign["upload_id"]:
        answer = caller.get(f"/orders/bulk_tracking_number_update_status/?id={key}")
        wrong += [("GET", "upload", answer.status_code)] if answer.status_code != 404 else []
        answer = caller.post("/orders/bulk_tracking_number_update_undo/", {"id": int(key)})
        wrong += [("POST", "undo", answer.status_code)] if answer.status_code != 404 else []

    assert wrong == []
    assert tried > 70
    assert checksums(session, but=NOTED) == before
    for name in THINGS.keys() - {"channels"}:
        assert caller.get(f"/{name}/").json["results"] == [], name
    assert [each["pk"] for each in caller.get("/channels/").json["results"]] == [2]


# So that nothing is refused for its body before the order is looked for.
BODIES: dict[str, Any] = {
    "update_cancel_status": {"cancel_status": "confirmed"},
    "update_cance_status": {"cancel_status": "confirmed"},
    "change_order_status": {"status": "450"},
    "split_packages": {"packages": [{"contents": []}]},
    "create_mapping": {"order_item": 1},
    "reject": {"words": "No"},
    "PATCH vendor_orders": {"status": "500"},
    "send_shipping_info": {"tracking_number": "TRK-1"},
    "withdraw_address_change": {"address_change": 1},
    "update_order_item_send_stock": {"order_item": 1},
    "notes": {"body": "Called, will wait."},
    "assign": {"staff": None},
    "evidence": {"state": "succeeded", "evidence": "Slip 17"},
    "payee": {"iban": "TR330006100519786457841326", "holder_name": "Elif Koc"},
    "returned": {"words": "No"},
    "close": {"words": "Asked the shop."},
}


def test_items_when_they_are_anothers_then_neither_moved_nor_mapped_nor_cancelled(
    app: Flask, session: Session, foreign: dict[str, list[str]]
) -> None:
    write(make_channel(session, name="Third"), draft("M-1", channel_id=3))
    caller, mine = program(app, channel_ids={3}), order_of(session, "M-1").id
    theirs = [int(key) for key in foreign["order_items"]]
    before = checksums(session, but=NOTED)

    bulk = caller.post("/order_items/bulk_status_update/", {"order_items": theirs[:1], "status": "450"})
    mapped = caller.post(f"/orders/{mine}/create_mapping/", {"order_item": theirs[0]})
    moved = caller.patch(f"/orders/{mine}/change_order_status/", {"status": "450", "order_items": theirs[:1]})
    packed = caller.post(
        f"/orders/{mine}/split_packages/",
        {"packages": [{"contents": [{"order_item": theirs[0], "quantity": "1"}]}]},
    )
    cancelled = caller.post(f"/orders/{mine}/cancel/", {"cancel_items": [{"order_item": theirs[0]}]})
    decided = caller.post(
        f"/orders/{mine}/cancellation_approved_order/",
        {"cancellation_plan": int(foreign["cancellation_plans"][0])},
    )
    made = caller.post("/orders/", {**NEW, "channel": 1})

    statuses = [each.status_code for each in (bulk, mapped, moved, packed, cancelled, decided, made)]
    assert statuses == [404, 422, 422, 422, 422, 404, 404]
    assert checksums(session, but=NOTED) == before


def test_a_write_when_the_token_may_act_but_not_see_orders_then_done_and_nothing_shown(
    app: Flask, session: Session
) -> None:
    write(make_channel(session), draft())
    owner = make_staff()
    blind = Program(app, make_token(owner, permissions={Permission.ORDERS_EDIT, Permission.ORDERS_CREATE}))
    seeing = Program(app, make_token(owner, permissions={Permission.ORDERS_EDIT, Permission.ORDERS_VIEW}))

    done = blind.patch("/orders/1/", {"notes": "Ring twice"})
    made = blind.post("/orders/", NEW)

    assert [(each.status_code, each.data) for each in (done, made)] == [(204, b""), (204, b"")]
    assert made.headers["Location"].endswith("/api/v1/orders/2/")
    shown = seeing.patch("/orders/1/", {"segment": "vip"}, headers={"If-Match": done.headers["ETag"]})
    assert (shown.status_code, shown.json["notes"]) == (200, "Ring twice")


def test_work_of_the_owner_when_the_token_sees_less_then_only_that_about_its_own_orders(
    app: Flask, session: Session
) -> None:
    """A deed over many orders names them, and running it again acts with the owner's rights."""
    mine = write(make_channel(session), draft("1001"))[0].order_id
    theirs = write(make_channel(session, name="Other"), draft("1002", channel_id=2))[0].order_id
    owner = make_staff()
    with unit_of_work() as unit:
        words = {"queue": "upkeep", "args": {}, "state": "dead", "requested_by_id": owner.id}
        many = Operation(kind="orders.move_many", dedupe_key="many", **words)
        of_mine = Operation(kind="payment.history", dedupe_key="mine", order_id=mine, **words)
        of_theirs = Operation(kind="payment.history", dedupe_key="theirs", order_id=theirs, **words)
        unit.add_all([many, of_mine, of_theirs])
        unit.flush()
        put(unit, many, [Subject(theirs or 0, theirs)])
        seen, hidden = str(of_mine.id), [str(many.id), str(of_theirs.id)]
    narrow, whole = Program(app, make_token(owner, channel_ids={1})), Program(app, make_token(owner))
    before = checksums(session, but=NOTED)

    assert [each["id"] for each in narrow.get("/operations/").json["results"]] == [seen]
    assert {each["id"] for each in whole.get("/operations/").json["results"]} == {seen, *hidden}
    for key in hidden:
        statuses = [
            narrow.get(f"/operations/{key}/").status_code,
            narrow.get(f"/operations/{key}/verdicts/").status_code,
            narrow.post(f"/operations/{key}/retry/").status_code,
        ]
        assert statuses == [404, 404, 404]
    assert checksums(session, but=NOTED) == before


def test_an_uploads_state_when_the_token_sees_less_than_its_owner_then_403(
    app: Flask, session: Session
) -> None:
    make_channel(session)
    owner = make_staff()
    with unit_of_work() as unit:
        unit.add(
            TrackingUpload(
                file_name="mine.csv", content_hash="0" * 64, byte_size=1, uploaded_by_id=owner.id, reading={}, refusal={}
            )
        )  # fmt: skip
    url = "/orders/bulk_tracking_number_update_status/?id=1"

    assert Program(app, make_token(owner)).get(url).status_code == 200
    answer = Program(app, make_token(owner, channel_ids={1})).get(url)
    assert (answer.status_code, answer.json["code"]) == (403, "token_too_narrow")


def test_an_upload_when_the_token_sees_less_than_its_owner_then_403(app: Flask, session: Session) -> None:
    make_channel(session)
    caller = program(app, channel_ids={1})

    answer = caller.open("POST", "/orders/bulk_tracking_number_update/", data={})

    assert (answer.status_code, answer.json["code"]) == (403, "token_too_narrow")


EDITABLE = {
    "notes", "language_code", "segment", "has_gift_box", "gift_box_note", "delivery_type", "delivery_range",
    "shipping_option_slug", "client_type", "checkout_provider_id", "carrier_shipping_code", "invoice_number",
    "invoice_date", "e_archive_url", "extra_field",
}  # fmt: skip


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_every_column_when_sent_to_an_order_then_only_the_named_ones_are_taken(
    app: Flask, session: Session, method: str
) -> None:
    write(make_channel(session), draft())
    caller, taken = program(app), set()
    table = Order.__table__
    assert isinstance(table, Table)
    before = order_of(session).version
    for column in table.columns:
        for value in (
            1,
            True,
            "x",
            None,
            {},
            str(uuid.uuid4()),
            "2026-11-28T00:00:00Z",
            "default",
            "standard",
        ):
            answer = caller.open(
                method, "/orders/1/", data=json.dumps({column.key: value}), content_type="application/json"
            )
            assert answer.status_code in (200, 422), (column.key, value, answer.text)
            taken |= {column.key} if answer.status_code == 200 else set()

    assert taken == EDITABLE
    row = order_of(session)
    assert row.version > before
    assert (row.status, str(row.amount), row.channel_id, row.is_send) == (400, "100.0000", 1, True)


@pytest.mark.parametrize(
    "field",
    ["pk", "id", "version", "refund_amount", "is_send", "cancel_status", "edited_here", "money_mismatch", "transactions.0.holder", "transactions.0.gateway", "items.0.refund_amount", "items.0.product_id", "customer.id"],
)  # fmt: skip
def test_a_column_when_sent_with_a_new_order_then_refused(app: Flask, session: Session, field: str) -> None:
    make_channel(session)
    body = json.loads(
        json.dumps({**NEW, "transactions": [{"remote_id": "p", "kind": "card", "amount": "1.00"}]})
    )
    place, path = body, field.split(".")
    for part in path[:-1]:
        place = place[int(part)] if part.isdecimal() else place[part]
    place[path[-1]] = 1

    answer = program(app).post("/orders/", body)

    assert (answer.status_code, list(answer.json["fields"])) == (422, [field])


def test_a_token_when_it_lacks_the_step_back_then_its_owners_role_does_not_help(
    app: Flask, session: Session
) -> None:
    write(make_channel(session), draft())
    supervisor = make_staff(Role.SUPERVISOR)
    narrow = {Permission.ORDERS_VIEW, Permission.ORDERS_CHANGE_STATUS}
    weak, strong = (
        Program(app, make_token(supervisor, permissions=narrow)),
        Program(app, make_token(supervisor)),
    )
    assert weak.patch("/orders/1/change_order_status/", {"status": "450"}).status_code == 200
    back = {"status": "400", "reason": "Packed by mistake"}

    refused = weak.patch("/orders/1/change_order_status/", back)

    assert refused.status_code == 403, refused.json
    assert order_of(session).status == 450
    assert strong.patch("/orders/1/change_order_status/", back).status_code == 200
