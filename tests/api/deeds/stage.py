"""One person at a page and their program, the two equal things that each acts on, and a deed as both are asked for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.api.deeds.belongings import Rows, of_order
from tests.api.programs import Program, make_token
from tests.back_room import StaffClient
from tests.cancelling import Counter, card
from tests.order_drafts import draft, items_of, line, write
from tests.staff import make_staff, sign_in
from webapp.auth.roles import Role
from webapp.core.audit import AuditContext, Origin
from webapp.core.db import db
from webapp.orders.enums import PlanKind
from webapp.orders.models import CancellationPlan, CancellationRequest, Order

PAGE, API = "1001", "1002"  # the numbers of the two equal orders
HTMX = {"HX-Request": "true"}
Ask = Callable[["Stage", Any], TestResponse]


@dataclass(frozen=True)
class About:
    """What is acted on: two equal ones are made, and afterwards everything that belongs to them is compared."""

    make: Callable[[Stage, Mapping[str, Any]], tuple[Any, Any]]
    rows: Callable[[Any], Rows]


@dataclass(frozen=True)
class Deed:
    """One deed: how each face is asked, and what comes before it.

    `endpoint` is the API's, `refused` the status that both answer then,
    `after` what a worker does then, `fields` what the two orders have.
    """

    name: str
    endpoint: str
    page: Ask
    api: Ask
    before: Callable[[Stage, Any], None] = lambda stage, key: None
    refused: int | None = None
    about: About | None = None
    after: Callable[[], object] = lambda: None
    fields: Mapping[str, Any] | None = None

    @property
    def role(self) -> Role:
        """Who may do it; a supervisor may not keep webhooks, nor say what came of money."""
        needs_all = self.endpoint.startswith(("api_webhooks", "api_refunds"))
        return Role.ADMINISTRATOR if needs_all else Role.SUPERVISOR


@dataclass
class Stage:
    """Two equal orders, one person at a page and their program."""

    counter: Counter
    browser: StaffClient
    program: Program

    @classmethod
    def open(cls, app: Flask, session: Session, role: Role = Role.SUPERVISOR) -> Stage:
        """On empty tables, with a shop, reasons, and limits that let a supervisor approve."""
        counter = Counter.open(session)
        person = make_staff(role, name="Ece Demir")
        browser = app.test_client()
        browser.__class__ = StaffClient
        assert isinstance(browser, StaffClient)
        sign_in(browser, person)
        browser.staff_id, browser.token = person.id, browser.get("/form-token").text
        return cls(counter, browser, Program(app, make_token(person)))

    @property
    def person(self) -> AuditContext:
        """Whoever is at the page, and owns the program's token."""
        return AuditContext(Origin.PAGE, staff_id=self.browser.staff_id, actor="Ece Demir")

    def press(self, path: str, **fields: Any) -> TestResponse:
        """Send a form of any page."""
        typed = {"csrf_token": self.browser.token, **fields}
        return self.browser.post(path, data=typed, headers=HTMX)

    def form(self, order_id: int, path: str, **fields: Any) -> TestResponse:
        """Send a form of the order's page."""
        typed = {"version": str(_order(order_id).version), "seen": "0", **fields}
        return self.press(f"/orders/{order_id}/{path}", **typed)

    def post(self, order_id: int, path: str, **body: Any) -> TestResponse:
        """Send the same to the API."""
        return self.program.post(f"/orders/{order_id}/{path}/", body)

    def items(self, order_id: int) -> list[int]:
        """Its items."""
        return [item.id for item in items_of(db.session(), _order(order_id).number)]

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

    def reason(self) -> int:
        """Why something is cancelled."""
        return self.counter.desk.reasons[PlanKind.CANCEL]


def _order(order_id: int) -> Order:
    order = db.session.get(Order, order_id)
    assert order is not None
    return order


def given(number: str, **fields: Any) -> Any:
    """The order that each face gets."""
    lines = fields.pop("items", (line("1", "60.00"),))
    amount = str(sum(each.amount for each in lines))
    return draft(number, items=lines, transactions=(card(amount, remote_id=number),), **fields)


def two_orders(stage: Stage, fields: Mapping[str, Any]) -> tuple[int, int]:
    """Their ids; the page's first."""
    both = [given(number, **fields) for number in (PAGE, API)]
    first, second = (result.order_id or 0 for result in write(stage.counter.desk.channel, *both))
    return first, second


ORDERS = About(two_orders, of_order)


def about(what: About, *deeds: Deed) -> list[Deed]:
    """The deeds, done to something else than orders."""
    return [replace(deed, about=what) for deed in deeds]
