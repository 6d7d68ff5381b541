"""Every deed by its page and by the API: the same rows, the same status and sentence, the same code in the log.

Each deed is done to two equal orders, one by each face; then everything that belongs to them is compared.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.api.programs import Program, make_token
from tests.back_room import StaffClient
from tests.cancelling import Counter
from tests.order_drafts import draft, items_of, line, with_status, write
from tests.staff import make_staff, sign_in
from webapp.auth.roles import Role
from webapp.channels.models import RemoteRecord
from webapp.core.audit import AuditEntry
from webapp.core.db import Base, db, unit_of_work
from webapp.core.operations import Operation
from webapp.orders.enums import CancelStatus, OrderStatus, PlanKind
from webapp.orders.models import CancellationPlan, CancellationRequest, Order
from webapp.orders.service import OrderService

PAGE, API = "1001", "1002"
# What differs between two equal orders, and when something was.
OWN = {
    "id",
    "number",
    "remote_id",
    "order_id",
    "group_id",
    "idem_key",
    "order_item_id",
    "plan_id",
    "transaction_id",
    "refund_id",
    "cancellation_plan_id",
}
OWN |= {
    "subject_id",
    "origin",
    "actor",
    "request_id",
    "remote_addr",
    "dedupe_key",
    "operation_id",
    "gateway_ref",
    "folded",
    "package_id",
}
TIMES = ("_at", "_date", "_until")


@dataclass(frozen=True)
class Deed:
    """One deed: what comes before it, and how each face is asked. `refused`: the status that both answer then."""

    name: str
    page: Callable[["Stage", int], TestResponse]
    api: Callable[["Stage", int], TestResponse]
    before: Callable[["Stage", int], None] = lambda stage, order_id: None
    refused: int | None = None
    fields: dict[str, Any] | None = None


@dataclass
class Stage:
    """Two equal orders, one person at a page and their program."""

    counter: Counter
    browser: StaffClient
    program: Program

    def form(self, order_id: int, path: str, **fields: Any) -> TestResponse:
        """Send a form of the order's page."""
        order = db.session.get(Order, order_id)
        assert order is not None
        typed = {"csrf_token": self.browser.token, "version": str(order.version), "seen": "0", **fields}
        return self.browser.post(f"/orders/{order_id}/{path}", data=typed, headers={"HX-Request": "true"})

    def post(self, order_id: int, path: str, **body: Any) -> TestResponse:
        """Send the same to the API."""
        return self.program.post(f"/orders/{order_id}/{path}/", body)

    def items(self, order_id: int) -> list[int]:
        """Its items."""
        order = db.session.get(Order, order_id)
        assert order is not None
        return [item.id for item in items_of(db.session(), order.number)]

    def plan(self, order_id: int) -> int:
        """Its plan."""
        return db.session.scalars(
            select(CancellationPlan.id).where(CancellationPlan.order_id == order_id)
        ).one()

    def wish(self, order_id: int) -> CancellationRequest:
        """Its wish."""
        return db.session.scalars(
            select(CancellationRequest).where(CancellationRequest.order_id == order_id)
        ).one()

    def cancel_form(self, order_id: int, **fields: str) -> TestResponse:
        """The cancel dialog with everything ticked."""
        ticked = {f"items-{item}": "y" for item in self.items(order_id)}
        ticked |= {
            f"{word}-{item}": "" for item in self.items(order_id) for word in ("reason", "reason_text")
        }
        reason = {"reason_cancel": str(self.counter.desk.reasons[PlanKind.CANCEL]), "fallback": "transfer"}
        return self.form(order_id, "cancel", **{**ticked, **reason, **fields})

    def cancel_body(self, order_id: int, **fields: Any) -> TestResponse:
        """The same for the API."""
        reasons = [{"reason": self.counter.desk.reasons[PlanKind.CANCEL]}]
        return self.post(order_id, "cancel", **{"is_all": True, "reasons": reasons, **fields})


def opened(stage: Stage, order_id: int) -> None:
    stage.counter.cancel(order_id)


def approved(stage: Stage, order_id: int) -> None:
    opened(stage, order_id)
    stage.counter.approve(order_id)


def being_checked(stage: Stage, order_id: int) -> None:
    opened(stage, order_id)
    with unit_of_work() as unit:
        order = unit.get_one(Order, order_id)
        OrderService(unit).update_cancel_status(
            order, [], CancelStatus.CONFIRMATION_WAITING, stage.counter.supervisor
        )


def accepted(stage: Stage, order_id: int) -> None:
    with unit_of_work() as unit:
        OrderService(unit).accept_in_store(unit.get_one(Order, order_id), stage.counter.supervisor)


def wished(stage: Stage, order_id: int) -> None:
    order = db.session.get(Order, order_id)
    assert order is not None
    write(stage.counter.desk.channel, with_status(given(order.number), OrderStatus.CANCELLED, "cancelled"))


def given(number: str, **fields: Any) -> Any:
    """The order that each face gets."""
    from tests.cancelling import card

    return draft(
        number, items=(line("1", "60.00"),), transactions=(card("60.00", remote_id=number),), **fields
    )


def moved(target: int) -> dict[str, Callable[[Stage, int], TestResponse]]:
    return {
        "page": lambda stage, order_id: stage.form(
            order_id, "move", status=str(target), **{f"items-{item}": "y" for item in stage.items(order_id)}
        ),
        "api": lambda stage, order_id: stage.program.patch(
            f"/orders/{order_id}/change_order_status/", {"status": str(target)}
        ),
    }


def named(slug: str) -> dict[str, Callable[[Stage, int], TestResponse]]:
    return {
        "page": lambda stage, order_id: stage.form(order_id, f"deeds/{slug}"),
        "api": lambda stage, order_id: stage.post(order_id, slug),
    }


ADDRESS = {
    "email": "elif@example.com",
    "first_name": "Elif",
    "last_name": "Koç",
    "line1": "Bağdat Cad. 1",
    "district": "Kadıköy",
    "postcode": "34710",
}


def addressed(side: str, **wrong: str) -> dict[str, Callable[[Stage, int], TestResponse]]:
    return {
        "page": lambda stage, order_id: stage.form(
            order_id, f"addresses/{side}/edit", **{**ADDRESS, "province": "İstanbul", **wrong}
        ),
        "api": lambda stage, order_id: stage.post(
            order_id,
            f"change_{side}_address",
            **{**ADDRESS, "city": "İstanbul", "country": "TR", **wrong},
        ),
    }


def decided(decision: str, **words: str) -> dict[str, Callable[[Stage, int], TestResponse]]:
    def page(stage: Stage, order_id: int) -> TestResponse:
        wish = stage.wish(order_id)
        typed = {"csrf_token": stage.browser.token, "decision": decision, **words}
        typed |= {f"wish-{wish.id}": "y", f"version-{wish.id}": str(wish.version)}
        typed |= {"reason_cancel": str(stage.counter.desk.reasons[PlanKind.CANCEL])}
        return stage.browser.post(
            f"/cancellations/requests/{order_id}", data=typed, headers={"HX-Request": "true"}
        )

    def api(stage: Stage, order_id: int) -> TestResponse:
        body: dict[str, Any] = dict(words)
        if decision == "approve":
            body["reasons"] = [{"reason": stage.counter.desk.reasons[PlanKind.CANCEL]}]
        path = f"/cancellation_requests/{stage.wish(order_id).id}/{decision}/"
        return stage.program.post(path, body)

    return {"page": page, "api": api}


def on_plan(page: str, api: str, **words: str) -> dict[str, Callable[[Stage, int], TestResponse]]:
    def by_page(stage: Stage, order_id: int) -> TestResponse:
        plan = db.session.get(CancellationPlan, stage.plan(order_id))
        assert plan is not None
        return stage.form(order_id, f"plans/{plan.id}/{page}", **{**words, "version": str(plan.version)})

    def by_api(stage: Stage, order_id: int) -> TestResponse:
        return stage.post(order_id, api, cancellation_plan=stage.plan(order_id), **words)

    return {"page": by_page, "api": by_api}


PICKUP = {"delivery_type": "store_pickup"}
DEEDS = [
    Deed("cancel", Stage.cancel_form, Stage.cancel_body),
    Deed(
        "cancel everything and force an amount",
        lambda s, o: s.cancel_form(o, forced_refund_amount="10.00", adjustment_reason="Goodwill"),
        lambda s, o: s.cancel_body(o, forced_refund_amount="10.00", adjustment_reason="Goodwill"),
    ),
    Deed(
        "cancel without a reason",
        lambda s, o: s.cancel_form(o, reason_cancel=""),
        lambda s, o: s.cancel_body(o, reasons=[]),
        refused=422,
    ),
    Deed("approve", **on_plan("approve", "cancellation_approved_order"), before=opened),
    Deed("approve twice", **on_plan("approve", "cancellation_approved_order"), before=approved, refused=409),
    Deed("reject", **on_plan("reject", "cancellation_reject_order", words="Shipped already"), before=opened),
    Deed(
        "note that a plan was checked",
        on_plan("confirm", "")["page"],
        lambda stage, order_id: stage.post(order_id, "update_cancel_status", cancel_status="confirmed"),
        before=being_checked,
    ),
    Deed("move", **moved(450)),
    Deed("move with the warehouse", **moved(500)),
    Deed("accept in store", **named("accept_in_store"), fields=PICKUP),
    Deed("accept in store what is sent", **named("accept_in_store"), refused=409),
    Deed("deliver in store", **named("deliver_in_store"), fields=PICKUP, before=accepted),
    Deed("deliver in store too early", **named("deliver_in_store"), fields=PICKUP, refused=409),
    Deed("mark as not sent", **named("mark_as_not_sent")),
    Deed("change the shipping address", **addressed("shipping")),
    Deed("change the billing address", **addressed("billing")),
    Deed("change to no address", **addressed("shipping", line1=""), refused=422),
    Deed("approve a wish", **decided("approve"), before=wished),
    Deed("check a wish", **decided("confirm"), before=wished),
    Deed("reject a wish", **decided("reject", words="It is on its way"), before=wished),
    Deed("reject a wish without words", **decided("reject", words=""), before=wished, refused=422),
]


@pytest.fixture
def stage(app: Flask, session: Session) -> Stage:
    counter = Counter.open(session)
    person = make_staff(Role.SUPERVISOR, name="Ece Demir")
    browser = app.test_client()
    browser.__class__ = StaffClient
    assert isinstance(browser, StaffClient)
    sign_in(browser, person)
    browser.staff_id, browser.token = person.id, browser.get("/form-token").text
    return Stage(counter, browser, Program(app, make_token(person)))


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.name)
def test_a_deed_when_done_by_either_face_then_the_same_rows_and_the_same_refusal(
    stage: Stage, deed: Deed
) -> None:
    both = [given(number, **(deed.fields or {})) for number in (PAGE, API)]
    page_id, api_id = [result.order_id or 0 for result in write(stage.counter.desk.channel, *both)]
    for order_id in (page_id, api_id):
        deed.before(stage, order_id)

    page, api = deed.page(stage, page_id), deed.api(stage, api_id)

    if deed.refused is None:
        assert page.status_code < 400, page.text
        assert api.status_code < 400, api.text
    else:
        assert (page.status_code, api.status_code) == (deed.refused, deed.refused), (page.text, api.text)
        assert _same_sentence(api.json, unescape(page.text)), (api.json, page.text)
    by_page, by_api = belongings(page_id), belongings(api_id)
    for table, rows in by_page.items():
        assert rows == by_api[table], table
    assert by_page.keys() == by_api.keys()


def _same_sentence(problem: dict[str, Any], page: str) -> bool:
    told = [
        problem["detail"],
        *(each for sentences in problem.get("fields", {}).values() for each in sentences),
    ]
    return any(sentence.replace(API, PAGE) in page for sentence in told)


def belongings(order_id: int) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that belongs to the order, without what differs between two equal ones."""
    db.session.rollback()
    found: dict[str, list[dict[str, Any]]] = {}
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        if isinstance(table, Table) and table.name not in found:
            column = table.c.get("order_id") if table.name != "orders" else table.c.id
            if column is not None:
                rows = db.session.execute(
                    select(table).where(column == order_id).order_by(*table.primary_key)
                ).mappings()
                # What a form refuses by itself is not kept; the codes of what is kept are compared below.
                found[table.name] = [_plain(dict(row)) for row in rows if not row.get("refused")]
    return found


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    kept = {
        name: value
        for name, value in row.items()
        if name not in OWN
        and not name.endswith(TIMES)
        and name not in ("at", "facts", "args", "summary", "payload")
    }
    for name, value in kept.items():
        if isinstance(value, str):
            kept[name] = re.sub(r"plan \d+", "plan", value.replace(PAGE, "N").replace(API, "N"))
    if "changes" in kept and isinstance(kept["changes"], dict):
        kept["changes"] = sorted(kept["changes"])
    return kept


def test_a_channel_when_pulled_or_replayed_by_either_face_then_the_same_work(stage: Stage) -> None:
    with unit_of_work() as unit:
        unit.add(
            RemoteRecord(
                channel_id=1,
                remote_id="f1",
                content_hash="0",
                payload={},
                state="failed",
                failure_class="mapping",
            )
        )
    token = {"csrf_token": stage.browser.token}

    for kind, path, body in (("channel.pull", "pull", {}), ("channel.replay", "replay", {"all": "1"})):
        assert stage.browser.post(f"/channels/1/{path}", data={**token, **body}).status_code < 400
        by_page = _work(kind)
        answer = stage.program.post(f"/channels/1/{path}/")
        assert answer.status_code == 202
        assert _work(kind) == by_page  # the second asker joins the first one's work
        assert answer.json["id"] == by_page[0]
    with unit_of_work() as unit:
        for entry in unit.scalars(select(Operation)):
            unit.delete(entry)
    assert stage.program.post("/channels/1/pull/").status_code == 202
    ((_, staff_id, args),) = [_work("channel.pull")]
    assert (staff_id, args) == (stage.browser.staff_id, {})


def _work(kind: str) -> tuple[str, int | None, dict[str, Any]]:
    db.session.rollback()
    row = db.session.scalars(select(Operation).where(Operation.kind == kind)).one()
    return str(row.id), row.requested_by_id, row.args


def test_a_refused_act_on_money_when_tried_by_either_face_then_the_log_has_the_same_code(
    stage: Stage,
) -> None:
    page_id, api_id = [r.order_id or 0 for r in write(stage.counter.desk.channel, given(PAGE), given(API))]
    for order_id in (page_id, api_id):
        approved(stage, order_id)
    deed = on_plan("approve", "cancellation_approved_order")
    deed["page"](stage, page_id)
    answer = deed["api"](stage, api_id)

    kept = {
        entry.origin: entry.changes["refused_because"][1]
        for entry in db.session.scalars(select(AuditEntry).where(AuditEntry.refused))
    }
    assert kept == {"page": answer.json["code"], "api": answer.json["code"]}
